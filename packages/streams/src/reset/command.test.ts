// The command line of the reset tool.
import { expect, test } from 'vitest';
import { readArguments, report } from './command.ts';

const app = ['--application-id', 'app'];
const inputs = [...app, '--input-topics', 'a,b', '--input-topics', 'c'];
const base = { applicationId: 'app', brokers: ['127.0.0.1:9092'], dryRun: false, force: false };

test.each<[string[], object]>([
  [app, base],
  [
    [...app, '--bootstrap-server', 'x:1, y:2', '--dry-run', '--force'],
    { ...base, brokers: ['x:1', 'y:2'], dryRun: true, force: true },
  ],
  [inputs, { ...base, inputTopics: ['a', 'b', 'c'] }],
  [[...app, '--internal-topics', 'app-x-changelog'], { ...base, internalTopics: ['app-x-changelog'] }],
  [[...app, '--internal-topic-prefix', 'p'], { ...base, internalTopicPrefix: 'p' }],
])('%j', (args, options) => {
  expect(readArguments(args)).toEqual(options);
});

test.each([
  [['--to-earliest'], 'earliest'],
  [['--to-latest'], 'latest'],
  [['--to-offset', '12'], { offset: 12 }],
  [['--shift-by', '-5'], { shiftBy: -5 }],
  [['--shift-by=5'], { shiftBy: 5 }],
  [['--to-datetime', '2026-01-31T12:00:00.000'], { datetime: Date.UTC(2026, 0, 31, 12) }],
  [['--to-datetime', '2026-01-31T12:00:00+01:00'], { datetime: Date.UTC(2026, 0, 31, 11) }],
  [['--by-duration', '2h'], { byDuration: 7_200_000 }],
  [['--by-duration', 'P1DT2H3M4S'], { byDuration: 93_784_000 }],
  [['--by-duration', 'PT5M'], { byDuration: 300_000 }],
])('%j', (args, to) => {
  expect(readArguments([...inputs, ...args])?.to).toEqual(to);
});

test.each([
  [[], '--application-id is missing'],
  [[...app, '--to-latest'], 'a position needs --input-topics'],
  [[...inputs, '--to-latest', '--to-offset', '3'], 'only one position'],
  [[...inputs, '--to-offset', 'many'], '--to-offset: many is no whole number'],
  [[...inputs, '--to-datetime', 'yesterday'], '--to-datetime: yesterday is no time'],
  [[...inputs, '--to-datetime', '2026-13-01T00:00:00'], 'is no time'],
  [[...inputs, '--by-duration', 'P'], '--by-duration: P is no duration'],
  [[...app, '--config-file', '/no/such/file'], '--config-file: ENOENT'],
  [[...app, '--bogus'], '--bogus'],
  [[...app, 'word'], 'word'],
])('%j is refused', (args, message) => {
  expect(() => readArguments(args)).toThrowError(message);
  expect(() => readArguments(args)).toThrowError('--help lists the options');
});

test('help is asked for, whatever else is given', () => {
  expect(readArguments(['--help'])).toBeUndefined();
});

test('the report says what was done, or would be', () => {
  const positions = [{ topic: 'a', partition: 0, offset: 3 }];
  expect(report({ offsets: false, positions, topics: ['app-x-changelog'] }, false)).toEqual([
    'offset 3 committed for a-0',
    'topic app-x-changelog deleted',
  ]);
  expect(report({ offsets: false, positions, topics: [] }, true)).toEqual([
    'dry run: offset 3 committed for a-0',
  ]);
  expect(report({ offsets: false, positions: [], topics: [] }, false)).toEqual(['nothing to reset']);
});
