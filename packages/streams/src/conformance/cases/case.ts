// What the recorded cases share: their parameters, and text serdes.
import { stringSerde, type Serde } from '../../api/serde.ts';
import type { StreamsBuilder } from '../../dsl/streams-builder.ts';

/** Milliseconds by name, as the vectors give them. */
export type CaseParams = Readonly<Record<string, number>>;

/** Topologies by the name of their case: each reads `a` and `b`, and writes `out`. */
export type Cases = Readonly<Record<string, (builder: StreamsBuilder, params: CaseParams) => void>>;

/** Keys and values as text. */
export const strings: { key: Serde<string>; value: Serde<string> } = { key: stringSerde, value: stringSerde };

/** A parameter of a case. @throws where the vectors give none of this name. */
export function param(params: CaseParams, name: string): number {
  const value = params[name];
  if (value === undefined) throw new Error(`the vectors give no ${name}`);
  return value;
}

/** A, B or C, by a value's first letter. */
export function bucket(value: string): string {
  return 'ABC'.charAt((value.charCodeAt(0) - 'a'.charCodeAt(0)) % 3);
}
