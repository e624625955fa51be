// Top-level fields that no event has: misspelt ones are refused, others are kept in the metadata.
import type { FieldProblem } from '@activity/service';

const fields: ReadonlySet<string> = new Set(['userId', 'activityType', 'metadata', 'eventId', 'timestamp']);
const fieldOf: ReadonlyMap<string, string> = new Map([...fields].map((field) => [bare(field), field]));
const none: readonly string[] = [];

/** A name without what people write differently: case, `_`, `-`, dots and blanks. */
function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[\s._-]/g, '');
}

/** The names of an event's fields that are none of its own. */
export function unknownFields(body: unknown): readonly string[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return none;
  let unknown: string[] | undefined;
  for (const name in body) if (!fields.has(name)) (unknown ??= []).push(name);
  return unknown ?? none;
}

/** The fields that resemble one of an event's own: whoever wrote them meant it. */
export function misspeltFields(unknown: readonly string[]): FieldProblem[] {
  return unknown.flatMap((name) => {
    const meant = name.length > 64 ? undefined : fieldOf.get(bare(name));
    return meant === undefined
      ? []
      : [{ field: name, message: `is not a field of an event: write ${meant}` }];
  });
}

/**
 * Metadata with fields of a body added. What the metadata has is not overwritten: where it has a field of
 * that name, the added one's gets a `_` at its end.
 */
export function withFields(
  metadata: Record<string, unknown>,
  body: Record<string, unknown>,
  names: readonly string[],
): Record<string, unknown> {
  const all = { ...metadata };
  /** By names without the `_` at their ends: the longest that was given away. */
  const last = new Map<string, number>();
  for (const name of names) {
    if (!Object.hasOwn(all, name)) {
      all[name] = body[name];
      continue;
    }
    const stem = withoutEnd(name);
    // Goes on behind the last one, or a thousand names that differ in their `_` would be compared with each.
    let length = Math.max(name.length, last.get(stem) ?? 0);
    let free = name;
    while (Object.hasOwn(all, free)) free = stem.padEnd(++length, '_');
    last.set(stem, length);
    all[free] = body[name];
  }
  return all;
}

function withoutEnd(name: string): string {
  let end = name.length;
  while (end > 0 && name[end - 1] === '_') end--;
  return name.slice(0, end);
}
