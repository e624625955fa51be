// Cogrouped streams: what goes in, what comes out, through the real task.
import { stringSerde } from '../api/serde.ts';
import type { CogroupedKStream } from '../dsl/cogrouped-stream.ts';
import type { KStream } from '../dsl/stream.ts';
import { sessions, sliding, tumbling } from '../dsl/windows.ts';
import { describeOperators, json, stream, windowName } from '../testing-support/operator-cases.ts';

const isShort = (value: string): boolean => value.length === 1;
const initial = (): string => '';

/** Short values as they are, long ones in brackets: each is a stream of its own. */
function cogrouped(input: KStream<string, string>): CogroupedKStream<string, string, string> {
  return input
    .filter(isShort)
    .groupByKey()
    .cogroup<string>((_key, value, all) => all + value)
    .cogroup(input.filterNot(isShort).groupByKey(), (_key, value, all) => `${all}[${value}]`);
}

describeOperators('cogroup', [
  {
    name: 'joins records of both streams into one aggregate, in the order in which they come',
    declare: stream((input) => cogrouped(input).aggregate(initial, { value: stringSerde }).toStream()),
    input: [
      ['k', 'a', 5],
      ['k', 'bb', 3],
      ['l', 'cc', 4],
      ['k', 'd', 7],
      [undefined, 'e', 8],
    ],
    output: [
      ['k', 'a', 5],
      ['k', 'a[bb]', 5],
      ['l', '[cc]', 4],
      ['k', 'a[bb]d', 7],
    ],
    dropped: ['null-key-or-value'],
  },
  {
    name: 'gives each key once at a commit, whichever stream it changed by',
    declare: stream((input) =>
      cogrouped(input).aggregate(initial, { value: stringSerde, emit: 'commit' }).toStream(),
    ),
    input: [
      ['k', 'a', 5],
      ['k', 'bb', 6],
    ],
    output: [
      ['k', 'a', 5],
      ['k', 'a[bb]', 6],
    ],
  },
  {
    name: 'in windows, each stream decides by its own times what is late',
    declare: (builder) => {
      const input = builder.stream('in', { key: stringSerde, value: stringSerde });
      cogrouped(input)
        .windowedBy(tumbling({ size: 10, grace: 5 }))
        .aggregate(initial, { value: stringSerde })
        .toStream()
        .map((window, text) => [windowName(window), text])
        .to('out', json);
    },
    input: [
      ['k', 'a', 9],
      // The time of the one stream is past the window, that of the other is not.
      ['k', 'bb', 15],
      ['k', 'c', 8],
      ['k', 'd', 11],
    ],
    output: [
      ['k@0/10', 'a', 9],
      ['k@10/20', '[bb]', 15],
      ['k@0/10', 'ac', 9],
      ['k@10/20', '[bb]d', 15],
    ],
  },
  {
    name: 'in sliding windows and in sessions',
    declare: (builder) => {
      const input = builder.stream('in', { key: stringSerde, value: stringSerde });
      const streams = cogrouped(input);
      streams
        .windowedBy(sliding({ timeDifference: 10, grace: 0 }))
        .aggregate(initial, { value: stringSerde })
        .toStream()
        .map((window, text) => [windowName(window), text])
        .to('out', json);
      streams
        .windowedBy(sessions({ gap: 10, grace: 0 }))
        .aggregate(initial, (_key, earlier, later) => `${earlier}(${later})`, { value: stringSerde })
        .toStream()
        .map((window, text) => [windowName(window), text])
        .to('out', json);
    },
    input: [
      ['k', 'a', 100],
      ['k', 'bb', 105],
    ],
    output: [
      ['k@90/100', 'a', 100],
      ['k@100/100', 'a', 100],
      ['k@101/111', '[bb]', 105],
      ['k@95/105', 'a[bb]', 105],
      ['k@100/100', undefined, 100],
      ['k@100/105', '(a)[bb]', 105],
    ],
  },
  {
    name: 'gives the late records of each stream to onLate',
    declare: (builder) => {
      const input = builder.stream('in', { key: stringSerde, value: stringSerde });
      cogrouped(input)
        .windowedBy(tumbling({ size: 10, grace: 0 }))
        .aggregate(initial, {
          value: stringSerde,
          onLate: (late, index) => late.mapValues((value) => `${index}: ${value}`).to('late', json),
        })
        .toStream()
        .map((window, text) => [windowName(window), text])
        .to('out', json);
    },
    input: [
      ['k', 'a', 12],
      // The other stream is not as far.
      ['k', 'bb', 5],
      ['k', 'c', 6],
      ['k', 'dd', 25],
      ['k', 'ee', 13],
    ],
    output: [
      ['k@10/20', 'a', 12],
      ['k@0/10', '[bb]', 5],
      ['k@20/30', '[dd]', 25],
    ],
    late: [
      ['k', '0: c', 6],
      ['k', '1: ee', 13],
    ],
  },
  {
    name: 'of sliding windows and of sessions too',
    declare: (builder) => {
      const input = builder.stream('in', { key: stringSerde, value: stringSerde });
      const onLate = (late: KStream<string, string>, index: number): void => {
        late.mapValues((value) => `${index}: ${value}`).to('late', json);
      };
      const streams = cogrouped(input);
      streams
        .windowedBy(sliding({ timeDifference: 10, grace: 0 }))
        .aggregate(initial, { value: stringSerde, onLate });
      streams
        .windowedBy(sessions({ gap: 10, grace: 0 }))
        .aggregate(initial, (_key, earlier, later) => earlier + later, { value: stringSerde, onLate });
    },
    input: [
      ['k', 'aa', 100],
      ['k', 'bb', 50],
      ['k', 'c', 50],
    ],
    output: [],
    late: [
      ['k', '1: bb', 50],
      ['k', '1: bb', 50],
    ],
  },
]);
