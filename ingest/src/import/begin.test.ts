import { expect, test } from 'vitest';
import { beginOf, type Wanted } from './begin.ts';
import type { ImportState } from './state-file.ts';

const now = Date.parse('2026-05-02T00:00:00Z');
const state: ImportState = {
  version: 1,
  name: 'f.ndjson',
  fingerprint: 'print',
  topic: 'topic-id',
  format: 'ndjson',
  status: 'running',
  savedAt: '2026-05-01T12:00:00.000Z',
  bytes: 100,
  lines: 10,
  stored: 9,
  rejected: 1,
  rejectBytes: 50,
};
const wanted: Wanted = {
  file: 'f.ndjson',
  stateFile: 'f.ndjson.import.json',
  fingerprint: 'print',
  topic: 'topic-id',
  again: false,
  goOn: false,
  now,
  dedupeHours: 24,
};
const dayBefore = '2026-04-30T23:00:00.000Z';

test.each<[string, Partial<Wanted>, Partial<ImportState> | undefined, string, RegExp?]>([
  ['no state', {}, undefined, 'first-line'],
  ['a state', {}, {}, 'go-on'],
  ['a state, and --again', { again: true }, { status: 'done' }, 'first-line'],
  ['everything imported', {}, { status: 'done' }, 'done', /--again .* is stored twice/],
  ['another topic', { topic: 'other' }, {}, 'refused', /another topic/],
  ['another file', { fingerprint: 'other' }, {}, 'refused', /another file/],
  ['a kill of a day before', {}, { savedAt: dayBefore }, 'refused', /behind line 10 .* --go-on/],
  ['the same, and --go-on', { goOn: true }, { savedAt: dayBefore }, 'go-on'],
  ['a stop of a day before', {}, { savedAt: dayBefore, status: 'stopped' }, 'go-on'],
  ['a processor that remembers an hour', { dedupeHours: 2 }, {}, 'refused', /--go-on/],
])('%s', (_, more, found, kind, message) => {
  const begin = beginOf({ ...wanted, ...more }, found && { ...state, ...found });
  expect([begin.kind, 'message' in begin ? begin.message : '']).toEqual([
    kind,
    expect.stringMatching(message ?? /^$/),
  ]);
});
