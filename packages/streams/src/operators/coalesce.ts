// Coalesce: of all that comes for a key between two commits, only the last is passed on, when the commit
// begins. What Kafka Streams' record cache does to a table's output, as a step that can be seen.
import type { StreamRecord } from '../api/record.ts';
import type { Serde } from '../api/serde.ts';
import type { Processor, ProcessorContext, ProcessorSupplier } from '../api/processor.ts';

/** Holds back each key's last record until the commit. */
export function coalesce<K, V>(keySerde: Serde<K>): ProcessorSupplier<K, V, K, V> {
  return function createCoalesce(): Processor<K, V, K, V> {
    const last = new Map<string, StreamRecord<K, V>>();
    let context: ProcessorContext<K, V>;
    const identity = (key: K): string => {
      if (typeof key === 'string') return key;
      const serialized = keySerde.serialize(key);
      return typeof serialized === 'string' ? serialized : Buffer.from(serialized).toString('latin1');
    };
    return {
      init(given) {
        context = given;
        given.onCommit({
          beforeCommit() {
            for (const record of last.values()) context.forward(record);
            last.clear();
          },
          afterAbort: () => last.clear(),
        });
      },
      process(record) {
        last.set(identity(record.key), record);
      },
    };
  };
}
