// Metadata as people read it: the first fields in a row, all of them as a list.

/** What is in other columns of a row. */
const shownElsewhere = new Set(['ip', 'userAgent']);
const longestValue = 40;

/** A value in one line. */
export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function shortened(text: string): string {
  return text.length <= longestValue ? text : `${text.slice(0, longestValue - 1)}…`;
}

/** The first fields, in one line: `plan: pro · amount: 12`. */
export function firstFields(metadata: Record<string, unknown>, most: number = 3): string {
  return Object.entries(metadata)
    .filter(([name]) => !shownElsewhere.has(name))
    .slice(0, most)
    .map(([name, value]) => `${shortened(name)}: ${shortened(valueText(value))}`)
    .join(' · ');
}
