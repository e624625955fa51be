// Where an import begins: at the first line, or where its state says that it was left.
import type { ImportState } from './state-file.ts';

/** What is to be imported. */
export interface Wanted {
  file: string;
  stateFile: string | undefined;
  fingerprint: string;
  /** The id of the raw topic. */
  topic: string;
  /** Import it from the first line, whatever the state says. */
  again: boolean;
  /** Go on, although what was written before a kill is not recognised any more. */
  goOn: boolean;
  /** Epoch milliseconds. */
  now: number;
  dedupeHours: number;
}

/** What is done with a file. */
export type Begin =
  | { kind: 'first-line' }
  | { kind: 'go-on'; state: ImportState }
  /** Everything is there already. */
  | { kind: 'done'; state: ImportState; message: string }
  | { kind: 'refused'; message: string };

/** A copy that comes just before the end of the horizon may be read after it. */
const marginMs = 3_600_000;

/** Decides where an import begins. */
export function beginOf(wanted: Wanted, state: ImportState | undefined): Begin {
  const { file, stateFile, again, goOn, now, dedupeHours } = wanted;
  if (state === undefined || again) return { kind: 'first-line' };
  const is = `${stateFile} says that ${state.name}`;
  if (state.topic !== wanted.topic) {
    const message = `${is} was imported into another topic: --again imports all of it into this one`;
    return { kind: 'refused', message };
  }
  if (state.fingerprint !== wanted.fingerprint) {
    const message = `${is} was another file: move ${stateFile} away, or import all of ${file} by --again`;
    return { kind: 'refused', message };
  }
  if (state.status === 'done') {
    const message = `${file} was imported by ${state.savedAt}: --again imports it once more, and what the processor has forgotten (after ${dedupeHours} hours) is stored twice then`;
    return { kind: 'done', state, message };
  }
  const age = now - Date.parse(state.savedAt);
  if (state.status === 'running' && age > dedupeHours * 3_600_000 - marginMs && !goOn) {
    const message = `the import of ${file} was killed at ${state.savedAt}, too long ago for the processor to recognise what was written behind line ${state.lines} in the last second before: --go-on stores that twice, and goes on`;
    return { kind: 'refused', message };
  }
  return { kind: 'go-on', state };
}
