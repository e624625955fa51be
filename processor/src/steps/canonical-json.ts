// Canonical JSON: one text for values that say the same, in whatever order their fields were sent.

/**
 * The JSON of a value with the fields of every object in order. For values that nest no deeper than
 * `isStorable` allows.
 */
export function canonicalJson(value: unknown): string {
  // Most clients write their fields in one order, often this one: no copy then.
  if (isSorted(value)) return JSON.stringify(value);
  const sorted = sortedCopy(value);
  return sorted === undefined ? writeSorted(value) : JSON.stringify(sorted);
}

/** Whether JavaScript lists the fields of each object in order, as JSON.stringify writes them. */
function isSorted(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isSorted);
  let last = '';
  for (const name in value) {
    // Names that are numbers come first in every object: these are left to the code that sorts.
    if (name < last || beginsWithDigit(name)) return false;
    if (!isSorted((value as Record<string, unknown>)[name])) return false;
    last = name;
  }
  return true;
}

/**
 * A copy whose fields are in order, which JSON.stringify writes in one call; undefined where JavaScript puts
 * a field elsewhere: it begins with the names that are numbers.
 */
function sortedCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const copies = value.map(sortedCopy);
    return copies.includes(undefined) ? undefined : copies;
  }
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value).toSorted()) {
    if (beginsWithDigit(name)) return undefined;
    const field = sortedCopy((value as Record<string, unknown>)[name]);
    if (field === undefined) return undefined;
    copy[name] = field;
  }
  return copy;
}

function beginsWithDigit(name: string): boolean {
  const code = name.charCodeAt(0);
  return code >= 48 && code <= 57;
}

function writeSorted(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(writeSorted).join()}]`;
  let text = '';
  for (const name of Object.keys(value).toSorted()) {
    const field = writeSorted((value as Record<string, unknown>)[name]);
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${field}`;
  }
  return `{${text}}`;
}
