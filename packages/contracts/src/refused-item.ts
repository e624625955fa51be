// Items that the edge took from a batch and cannot read: it writes them to the raw topic, wrapped, and the
// processor moves each to the dead letters with the edge's reason.

/** The field that the wrapper has; no event has one of this name. */
const wrapperField = 'refused';

/**
 * The raw record of an item, given as the JSON text that came. It is neither an event nor a command, whatever
 * the item holds: who may send events cannot send a command this way.
 *
 * @example refusedItem('{"type":"track"}', 'event: must be the name of what happened')
 */
export function refusedItem(itemJson: string, reason: string): string {
  return `{"${wrapperField}":${JSON.stringify(reason)},"item":${itemJson}}`;
}

/** The edge's reason, where a record's value is a wrapper. */
export function refusalIn(value: object): string | undefined {
  const reason: unknown = (value as Record<string, unknown>)[wrapperField];
  return typeof reason === 'string' && 'item' in value ? reason : undefined;
}
