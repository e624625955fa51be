// State, changelogs and group messages that earlier releases wrote: this one reads them, and goes on from
// there.
import { readdirSync, rmSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { diskBackend } from '../state/disk-backend.ts';
import {
  contentsOf,
  goldenEnd,
  goldenFolder,
  goldenMessages,
  goldenSpecs,
  goldenStore,
  readGolden,
  recordsOf,
  restoredStore,
} from '../testing-support/golden-state.ts';
import { readAssignment, readJoinData } from './assignor.ts';
import { readOffsetMetadata } from './offset-metadata.ts';
import { openState } from './task-stores.ts';

const releases = readdirSync(goldenFolder);

test('there are golden files', () => expect(releases).toContain('0.1.0'));

describe.each(releases)('what release %s wrote', (release) => {
  test('its state on disk is opened as it was, without a restore', async () => {
    const { golden, folder } = readGolden(release);
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const warnings: string[] = [];
    const log = (_level: string, message: string): void => void warnings.push(message);
    const backend = diskBackend({ folder, log, now: () => goldenEnd });
    for (const spec of goldenSpecs) {
      const kept = golden.stores[spec.name];
      if (!kept) throw new Error(`there is no store ${spec.name}`);
      const state = await openState(spec, backend, { taskId: '0_0', changelogId: spec.name });
      const store = goldenStore(spec, state, () => goldenEnd);
      expect([spec.name, store.position()]).toEqual([spec.name, kept.changelog.length]);
      expect(JSON.parse(JSON.stringify(contentsOf(store)))).toEqual(kept.contents);
      await store.close();
    }
    await backend.close();
    expect(warnings).toEqual([]);
  });

  test.each(goldenSpecs)('its changelog of store $name restores the same', (spec) => {
    const { golden, folder } = readGolden(release);
    rmSync(folder, { recursive: true });
    const kept = golden.stores[spec.name];
    if (!kept) throw new Error(`there is no store ${spec.name}`);
    const store = restoredStore(spec, recordsOf(kept));
    expect(JSON.parse(JSON.stringify(contentsOf(store)))).toEqual(kept.contents);
  });

  test('its members and commits are understood', () => {
    const { golden, folder } = readGolden(release);
    rmSync(folder, { recursive: true });
    const { joinData, assignment, metadata } = golden.messages;
    expect(readJoinData(Buffer.from(joinData))).toMatchObject(goldenMessages.joinData);
    expect(readAssignment(Buffer.from(assignment))).toMatchObject(goldenMessages.assignment);
    expect(readOffsetMetadata(metadata)).toMatchObject(goldenMessages.metadata);
  });
});
