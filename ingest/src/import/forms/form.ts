// What a form of file makes of one of its lines.

/** The body of an event, which is still to be checked as the edge checks it; or why the line is none. */
export type Mapped = { ok: true; body: unknown } | { ok: false; field: string; message: string };

/** Makes the body of an event of a line's JSON, or of a row's cells by their columns. */
export type Form = (value: unknown) => Mapped;

/** What is no object. */
export const noObject: Mapped = { ok: false, field: 'body', message: 'must be an object' };
