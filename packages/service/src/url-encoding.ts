// Percent-encoding: whether a part of a URL says what it means.

/**
 * Whether a path or a query is percent-encoded UTF-8. What is not, frameworks take as it is written: `%ff`
 * for those three characters.
 */
export function isWellEncoded(text: string): boolean {
  if (!text.includes('%')) return true;
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
