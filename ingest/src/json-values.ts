// Values of JSON that others wrote: what a text holds, and the fields of an object.

/** An object of JSON, by its fields. */
export type Fields = Readonly<Record<string, unknown>>;

/** The value as an object; undefined for everything else. */
export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** The value of a text of JSON; undefined where it is none. Its size is not looked at: see `parseJson`. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
