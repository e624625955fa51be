// Files with secrets.
import { renameSync, rmSync, writeFileSync } from 'node:fs';

/** Writes a file that its owner alone can read, whole or not at all. */
export function writeSecret(file: string, content: string | Uint8Array): void {
  rmSync(`${file}.new`, { force: true });
  writeFileSync(`${file}.new`, content, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
