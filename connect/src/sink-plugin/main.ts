// `node connect/src/sink-plugin/main.ts`: makes the jar of the sink's own classes again, after a change of
// their sources. It takes a JDK 17.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, pack } from './build.ts';

const classes = mkdtempSync(join(tmpdir(), 'activity-sink-plugin-'));
try {
  await compile(classes);
  await pack(classes);
} finally {
  rmSync(classes, { recursive: true, force: true });
}
