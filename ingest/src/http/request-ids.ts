// Request ids: one random prefix a process, and a number.
import { randomBytes } from 'node:crypto';

/** Makes a maker of ids that are unique over processes. */
export function requestIds(): () => string {
  const prefix = randomBytes(6).toString('hex');
  let count = 0;
  return () => `${prefix}-${(++count).toString(36)}`;
}
