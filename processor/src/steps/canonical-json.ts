// Canonical JSON: one text for values that say the same, in whatever order their fields were sent.

/**
 * The JSON of a value with the fields of every object in order. For values that nest no deeper than
 * `isStorable` allows.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
  let text = '';
  for (const name of Object.keys(value).toSorted()) {
    const field = canonicalJson((value as Record<string, unknown>)[name]);
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${field}`;
  }
  return `{${text}}`;
}
