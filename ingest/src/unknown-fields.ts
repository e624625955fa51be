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
  for (const name of names) {
    let free = name;
    while (Object.hasOwn(all, free)) free += '_';
    all[free] = body[name];
  }
  return all;
}
