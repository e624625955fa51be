// State, changelogs and group messages that earlier releases wrote: this one reads them, and goes on from
// there.
import { readdirSync, rmSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { StoreSpec } from '../api/stores.ts';
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
  type Golden,
} from '../testing-support/golden-state.ts';
import { readAssignment, readJoinData } from './assignor.ts';
import { readOffsetMetadata } from './offset-metadata.ts';
import { openState } from './task-stores.ts';

const releases = readdirSync(goldenFolder);

/** The stores that a release wrote. */
function specsOf(golden: Golden): readonly StoreSpec[] {
  return goldenSpecs.filter(({ name }) => name in golden.stores);
}

function goldenOf(release: string): Golden {
  const { golden, folder } = readGolden(release);
  rmSync(folder, { recursive: true });
  return golden;
}

test('there are golden files, of every store', () => {
  expect(releases).toContain('0.1.0');
  const kept = new Set(releases.flatMap((release) => Object.keys(goldenOf(release).stores)));
  expect(goldenSpecs.map(({ name }) => name).filter((name) => !kept.has(name))).toEqual([]);
});

describe.each(releases)('what release %s wrote', (release) => {
  test('its state on disk is opened as it was, without a restore', async () => {
    const { golden, folder } = readGolden(release);
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const warnings: string[] = [];
    const log = (_level: string, message: string): void => void warnings.push(message);
    const backend = diskBackend({ folder, log, now: () => goldenEnd });
    for (const spec of specsOf(golden)) {
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

  test.each(specsOf(goldenOf(release)))('its changelog of store $name restores the same', (spec) => {
    const golden = goldenOf(release);
    const kept = golden.stores[spec.name];
    if (!kept) throw new Error(`there is no store ${spec.name}`);
    const store = restoredStore(spec, recordsOf(kept));
    expect(JSON.parse(JSON.stringify(contentsOf(store)))).toEqual(kept.contents);
  });

  test('its members and commits are understood', () => {
    const golden = goldenOf(release);
    const { joinData, assignment, metadata } = golden.messages;
    expect(readJoinData(Buffer.from(joinData))).toMatchObject(goldenMessages.joinData);
    expect(readAssignment(Buffer.from(assignment))).toMatchObject(goldenMessages.assignment);
    expect(readOffsetMetadata(metadata)).toMatchObject(goldenMessages.metadata);
  });
});
