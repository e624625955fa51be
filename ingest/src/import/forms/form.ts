// What a form of file makes of one of its lines.

/** The body of an event, which is still to be checked as the edge checks it; or why the line is none. */
export type Mapped = { ok: true; body: unknown } | { ok: false; field: string; message: string };

/** Makes the body of an event of a line's JSON, or of a row's cells by their columns. */
export type Form = (value: unknown) => Mapped;

/** An object of JSON, by its fields. */
export type Fields = Readonly<Record<string, unknown>>;

/** The value as an object; undefined for everything else. */
export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** A text that is JSON, parsed; the value itself where it is no text, undefined for other texts. */
export function jsonOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** What is no object. */
export const noObject: Mapped = { ok: false, field: 'body', message: 'must be an object' };
