// The order of keys in every store.

/** The order of keys in every store: by their UTF-8 bytes, as a disk store has it. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  if (isBasic(a) && isBasic(b)) return a < b ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Without surrogates, UTF-16 order and UTF-8 order are the same. */
function isBasic(text: string): boolean {
  return !/[\uD800-\uDFFF]/.test(text);
}
