// What a punctuator writes has no input record: where it fails or is refused, it fails alone, and nothing
// else is lost.
import { RefusedRecordsError, type CommitWriter } from '@activity/kafka';
import { afterEach, describe, expect, test } from 'vitest';
import type { Processor, PunctuationType } from '../../api/processor.ts';
import type { StreamRecord } from '../../api/record.ts';
import { stringSerde, type Serde } from '../../api/serde.ts';
import type { KStream } from '../../dsl/stream.ts';
import { StreamsBuilder } from '../../dsl/streams-builder.ts';
import { coalesce } from '../../operators/coalesce.ts';
import {
  closeThreads,
  refusing,
  startThread,
  until,
  type StartedThread,
} from '../../testing-support/thread-on-log.ts';
import type { Failure, FailureAction } from '../failure-policy.ts';

type Refuse = (request: Parameters<CommitWriter['commit']>[0]) => void;

const strings = { key: stringSerde, value: stringSerde };
const clocks: readonly PunctuationType[] = ['wall-clock', 'stream-time'];

afterEach(closeThreads);

/** Cannot write, or writes too much for any topic. */
const picky: Serde<string> = {
  format: 'text',
  deserialize: (text) => text,
  serialize(value) {
    if (value === 'bad unwritable') throw new RangeError('not written');
    return value === 'bad large' ? 'x'.repeat(1_100_000) : value;
  },
};

interface Case {
  clock: PunctuationType;
  bad: string;
  inputs?: string[];
  onFailure?: FailureAction | ((failure: Failure) => FailureAction);
  /** What follows the step that punctuates. */
  behind?: (stream: KStream<string, string>) => void;
  refuse?: Refuse;
}

const toOut = (stream: KStream<string, string>): void => stream.to('out', { ...strings, value: picky });

/**
 * A step that passes its records on, and once, by the clock, three of its own. It also puts these in a store.
 */
function start({
  clock,
  bad,
  inputs = ['1', '2', '3'],
  onFailure,
  behind = toOut,
  refuse,
}: Case): StartedThread {
  const builder = new StreamsBuilder();
  const counts = builder.addStore({ name: 'counts', kind: 'keyValue', ...strings });
  const stream = builder.stream('in', strings).process<string, string>(
    () => {
      let pass: (key: string, value: string) => void;
      return {
        init(context) {
          pass = (key, value) => context.forward({ key, value, timestamp: 5_000, headers: [] });
          const once = context.schedule(1, clock, () => {
            once.cancel();
            for (const value of ['one', bad, 'two']) {
              context.keyValueStore<string, string>('counts').put(value, value, 5_000);
              pass(`p ${value}`, value);
            }
            if (bad === 'bad call') throw new RangeError('the call fails');
          });
        },
        process: ({ key, value }) => pass(key, value),
      };
    },
    { name: 'own', stores: [counts] },
  );
  behind(stream);
  return startThread({
    topology: builder.build(),
    inputs: [inputs],
    failures: {
      onFailure: onFailure && { production: onFailure, processing: onFailure },
      deadLetterTopic: 'dead',
    },
    ...(refuse && { refuse }),
  });
}

/** What the started thread wrote of a topic, without its order between the two sources. */
function sorted(started: StartedThread, topic: string): string[] {
  return started.values(topic).toSorted();
}

/** Refuses batches for their size, one with a record that is so for ever. */
const tooLarge: Refuse = ({ records }) => {
  for (const { batches } of records.topics.get('out')?.values() ?? []) {
    let first = 0;
    for (const { count, length: bytes, buffer } of batches) {
      if (buffer.subarray(0, bytes).includes('bad')) {
        const about = { topic: 'out', partition: 0, refusedFor: 'size', records: count, bytes } as const;
        throw new RefusedRecordsError('MESSAGE_TOO_LARGE', {
          ...about,
          ordinals: count === 1 ? [first] : [],
        });
      }
      first += count;
    }
  }
};

const isBad = (value: string): boolean => value.startsWith('bad');

function notBad(stream: KStream<string, string>): KStream<string, string> {
  return stream.mapValues((value) => {
    if (isBad(value)) throw new RangeError('not this one');
    return value;
  });
}

/** How a record of the punctuator fails, with what is said of it. */
const failures: readonly (Omit<Case, 'clock'> & { how: string; stage: string; says: string })[] = [
  { how: 'is too large for any topic', bad: 'bad large', stage: 'production', says: 'is larger than' },
  { how: 'cannot be written', bad: 'bad unwritable', stage: 'production', says: 'not written' },
  {
    how: 'goes to no partition of its topic',
    bad: 'bad',
    stage: 'production',
    says: 'partition 9 of topic out is not in',
    behind: (stream) => stream.to('out', { ...strings, partitioner: ({ value }) => (isBad(value) ? 9 : 0) }),
  },
  {
    how: 'fails in a step behind',
    bad: 'bad',
    stage: 'processing',
    says: 'not this one',
    behind: (stream) => toOut(notBad(stream)),
  },
  ...(['content', 'time'] as const).map((refusedFor) => ({
    how: `is refused by the broker for its ${refusedFor}`,
    bad: 'bad',
    stage: 'production',
    says: 'INVALID_RECORD',
    refuse: refusing('out', isBad, refusedFor),
  })),
  {
    how: 'is refused by the broker for its size',
    bad: 'bad',
    stage: 'production',
    says: 'MESSAGE_TOO_LARGE',
    refuse: tooLarge,
  },
  {
    how: 'fails when the commit begins that it was held back for',
    bad: 'bad unwritable',
    stage: 'production',
    says: 'not written',
    behind: (stream) => toOut(stream.process<string, string>(coalesce(stringSerde), strings)),
  },
  {
    how: 'fails in a step behind the one that held it back for a commit',
    bad: 'bad',
    stage: 'processing',
    says: 'not this one',
    behind: (stream) => toOut(notBad(stream.process<string, string>(coalesce(stringSerde), strings))),
  },
];

describe.each(clocks)('by %s, a record of a punctuator', (clock) => {
  describe.each(failures)('that $how', ({ stage, says, ...rest }) => {
    const good = ['1', '2', '3', 'one', 'two'];

    test.each([[['1', '2', '3']], [['1']]])(
      'is passed over where that was chosen, alone, beside %j',
      async (inputs) => {
        const asked: Failure[] = [];
        const onFailure = (failure: Failure): FailureAction => {
          asked.push(failure);
          return 'continue';
        };
        const started = start({ ...rest, clock, inputs, onFailure });
        await until(() => started.values('out').length >= inputs.length + 2, started.lines);
        expect(sorted(started, 'out')).toEqual([...inputs, 'one', 'two']);
        expect(started.values('dead')).toEqual([]);
        expect(started.values('app-counts-changelog').toSorted()).toEqual([rest.bad, 'one', 'two']);
        expect([started.thread.state, started.errors]).toEqual(['RUNNING', []]);
        // Nothing is blamed on an input record.
        for (const failure of asked)
          expect(failure).toMatchObject({
            stage,
            taskId: '0_0',
            topic: undefined,
            partition: 0,
            record: undefined,
          });
        expect(asked.at(-1)?.output).toMatchObject({ key: `p ${rest.bad}`, value: rest.bad });
        expect(String(asked.at(-1)?.error)).toContain(says);
      },
    );

    test('goes to the dead-letter topic', async () => {
      const started = start({ ...rest, clock, onFailure: 'deadLetter' });
      await until(() => started.values('out').length >= good.length, started.lines);
      expect(sorted(started, 'out')).toEqual(good);
      const [letter, ...more] = started.log.records('dead', 0);
      expect(more).toEqual([]);
      const headers = Object.fromEntries(letter?.headers.map(({ key, value }) => [key, String(value)]) ?? []);
      expect(headers).toMatchObject({
        'dead-letter.task': '0_0',
        'dead-letter.stage': stage,
        'dead-letter.output': expect.stringMatching(/^a record for (topic out$|KSTREAM-)/) as string,
        'dead-letter.message': expect.stringContaining(says) as string,
      });
      expect(headers).not.toHaveProperty('dead-letter.offset');
      expect(started.thread.state).toBe('RUNNING');
    });

    test('ends the application where nothing else was chosen, and says what it was', async () => {
      const started = start({ ...rest, clock });
      await until(() => started.thread.state === 'ERROR', started.lines);
      expect(started.errors).toMatchObject([{ code: `${stage.toUpperCase()}_FAILED`, taskId: '0_0' }]);
      const message = started.errors[0]?.message;
      expect(message).toMatch(new RegExp(`^${stage} of a record for .*, without an input record: `));
      expect(message).toContain(says);
    });
  });
});

describe.each(clocks)('by %s, a punctuator', (clock) => {
  test('that throws keeps what it wrote before, and the application goes on where that was chosen', async () => {
    const started = start({ clock, bad: 'bad call', onFailure: 'continue' });
    await until(() => started.values('out').length >= 6, started.lines);
    expect(sorted(started, 'out')).toEqual(['1', '2', '3', 'bad call', 'one', 'two']);
    expect(started.thread.state).toBe('RUNNING');
  });

  test('that throws is dead-lettered without a record', async () => {
    const started = start({ clock, bad: 'bad call', onFailure: 'deadLetter' });
    await until(() => started.values('out').length >= 6 && started.values('dead').length > 0, started.lines);
    const [letter] = started.log.records('dead', 0);
    expect(letter).toMatchObject({ key: null, value: null });
    const headers = Object.fromEntries(letter?.headers.map(({ key, value }) => [key, String(value)]) ?? []);
    expect(headers).toMatchObject({
      'dead-letter.output': 'a punctuator of own',
      'dead-letter.stage': 'processing',
      'dead-letter.reason': 'RangeError',
      'dead-letter.message': 'the call fails',
    });
  });

  test('whose changes of a store the broker refuses is not called then, and no input record is lost', async () => {
    const asked: Failure[] = [];
    const started = start({
      clock,
      bad: 'bad',
      refuse: refusing('app-counts-changelog', isBad, 'content'),
      onFailure: (failure) => {
        asked.push(failure);
        return 'continue';
      },
    });
    await until(() => asked.length > 0 && started.values('out').length >= 3, started.lines);
    await until(() => started.log.committed()[0]?.offset === 3, started.lines);
    expect(started.values('out').filter((value) => /\d/.test(value))).toEqual(['1', '2', '3']);
    // It is due again each millisecond.
    for (const failure of asked)
      expect(failure).toMatchObject({ stage: 'production', record: undefined, output: undefined });
    expect(started.thread.state).toBe('RUNNING');
  });
});

test('the dead letter of a punctuator that is refused itself is written without the bytes', async () => {
  const [refuse, refuseDead] = (['out', 'dead'] as const).map((topic) => refusing(topic, isBad, 'content'));
  const started = start({
    clock: 'wall-clock',
    bad: 'bad',
    onFailure: 'deadLetter',
    refuse: (request) => {
      refuse?.(request);
      refuseDead?.(request);
    },
  });
  await until(() => started.values('out').length >= 5 && started.values('dead').length > 0, started.lines);
  const [letter] = started.log.records('dead', 0);
  expect(letter).toMatchObject({ key: null, value: null });
  expect(letter?.headers.some(({ key }) => key === 'dead-letter.omitted')).toBe(true);
});

test('a commit with a record of a punctuator and one of an input that are both refused finds both', async () => {
  const started = start({
    clock: 'wall-clock',
    bad: 'bad',
    inputs: ['1', 'bad input', '3'],
    onFailure: 'deadLetter',
    refuse: refusing('out', isBad, 'content'),
  });
  await until(() => started.values('out').length >= 4 && started.values('dead').length > 1, started.lines);
  expect(sorted(started, 'out')).toEqual(['1', '3', 'one', 'two']);
  expect(sorted(started, 'dead')).toEqual(['bad', 'bad input']);
});

test('a commit that is refused for its size is written in smaller batches, and none of its work is done again', async () => {
  let processed = 0;
  const started = start({
    clock: 'wall-clock',
    bad: 'fine',
    inputs: Array.from({ length: 40 }, (_, n) => `${n}`.padEnd(100, 'x')),
    behind: (stream) => toOut(stream.peek(() => processed++)),
    refuse: ({ records }) => {
      for (const { batches } of records.topics.get('out')?.values() ?? [])
        for (const { length: bytes, count } of batches) {
          const about = { topic: 'out', partition: 0, refusedFor: 'size', records: count, bytes } as const;
          if (bytes > 500) throw new RefusedRecordsError('MESSAGE_TOO_LARGE', { ...about, ordinals: [] });
        }
    },
  });
  await until(() => started.values('out').length >= 43, started.lines);
  expect(processed).toBe(43);
});

test('a processor that throws when it is closed is logged, and the others and the stores are closed all the same', async () => {
  const closed: string[] = [];
  const builder = new StreamsBuilder();
  const step = (name: string) => (): Processor<string, string, string, string> => {
    let pass: (record: StreamRecord<string, string>) => void;
    return {
      init: (context) => (pass = (record) => context.forward(record)),
      process: (record) => pass(record),
      close() {
        closed.push(name);
        throw new Error(`${name} does not close`);
      },
    };
  };
  const both = builder.stream('in', strings).process(step('one'), strings).process(step('two'), strings);
  both.to('out', strings);
  const { values, thread, lines, errors } = startThread({ topology: builder.build(), inputs: [['1']] });
  await until(() => values('out').length === 1, lines);
  await thread.close();
  expect([closed, thread.state, errors]).toEqual([['one', 'two'], 'CLOSED', []]);
  expect(lines).toContain('closing the processors of task 0_0 failed');
});
