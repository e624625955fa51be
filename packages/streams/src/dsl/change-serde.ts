// The serde of a table's changes on their way through a repartition topic: the new value and the old.
import { partsSerde, readPart, writePart } from '../api/parts-serde.ts';
import type { Change } from '../api/record.ts';
import type { Serde } from '../api/serde.ts';

/** Changes as a JSON pair of texts, or as a length and two runs of bytes. */
export function changeSerde<V>(inner: Serde<V>): Serde<Change<V>> {
  return partsSerde<Change<V>>(
    [inner],
    ({ newValue, oldValue }) => [writePart(inner, newValue), writePart(inner, oldValue)],
    ([newPart, oldPart]) => ({ newValue: readPart(inner, newPart), oldValue: readPart(inner, oldPart) }),
  );
}
