// The folder a part keeps its data in: the caller's, or a temporary one that goes when the part stops.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder and how to be rid of it; `dispose` leaves a folder that the caller named. */
export interface WorkDir {
  folder: string;
  dispose(): void;
}

/** Makes the folder that was asked for, or a temporary one. */
export function workDir(wanted: string | undefined, name: string): WorkDir {
  if (wanted !== undefined) {
    mkdirSync(wanted, { recursive: true });
    return { folder: wanted, dispose: () => undefined };
  }
  const folder = mkdtempSync(join(tmpdir(), `activity-${name}-`));
  return { folder, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}
