// Dedupe: what goes in, what comes out, through the real task.
import { stringSerde } from '../api/serde.ts';
import { describeOperators, json, strings } from '../testing-support/operator-cases.ts';

describeOperators('dedupe', [
  {
    name: 'dedupe passes the first record of each id and key',
    declare: (builder) =>
      builder
        .stream('in', strings)
        .dedupe({ by: (value) => value.slice(0, 1), within: 100 })
        .to('out', json),
    input: [
      ['k', 'a1', 1],
      ['k', 'a2', 2],
      ['l', 'a3', 3],
      ['k', 'b1', 4],
      ['l', 'a4', 5],
      [undefined, 'a5', 6],
      ['', 'a6', 7],
      [undefined, 'a7', 8],
    ],
    output: [
      ['k', 'a1', 1],
      ['l', 'a3', 3],
      ['k', 'b1', 4],
      [undefined, 'a5', 6],
      ['', 'a6', 7],
    ],
    dropped: ['duplicate', 'duplicate', 'duplicate'],
  },
  {
    name: 'the horizon of dedupe runs in stream time from the first sight, whatever times the copies carry',
    declare: (builder) =>
      builder
        .stream('in', strings)
        .dedupe({ by: (value) => value, within: '2m' })
        .to('out', json),
    input: [
      ['k', 'x', 500_000],
      // First seen when stream time was 500,000, though its own time is long ago.
      ['k', 'a', 1],
      ['k', 'a', 2],
      ['k', 'a', 620_000],
      // Copies do not renew it.
      ['k', 'a', 620_001],
      ['k', 'a', 620_001],
    ],
    output: [
      ['k', 'x', 500_000],
      ['k', 'a', 1],
      ['k', 'a', 620_001],
    ],
    dropped: ['duplicate', 'duplicate', 'duplicate'],
  },
  {
    name: 'dedupe reports duplicates: where the first copy is, and whether they differ',
    declare: (builder) =>
      builder
        .stream('in', strings)
        .dedupe({
          by: (value) => value.slice(0, 1),
          within: 100,
          fingerprint: (value) => value.slice(1),
          onDuplicate: (duplicates) => duplicates.to('late', json),
        })
        .to('out', json),
    input: [
      ['k', 'a|', 1],
      ['k', 'a|', 2],
      ['k', 'a2', 3],
    ],
    output: [['k', 'a|', 1]],
    late: [
      ['k', { value: 'a|', firstOffset: 0, conflicting: false }, 2],
      ['k', { value: 'a2', firstOffset: 0, conflicting: true }, 3],
    ],
    dropped: ['duplicate', 'duplicate'],
  },
  {
    name: 'dedupe distinguishes copies that one record was made into',
    declare: (builder) =>
      builder
        .stream('in', strings)
        .flatMapValues((value) => value.split(''), { value: stringSerde })
        .dedupe({ by: (value) => value, within: 100 })
        .to('out', json),
    input: [
      ['k', 'abaab', 1],
      ['k', 'cb', 2],
    ],
    output: [
      ['k', 'a', 1],
      ['k', 'b', 1],
      ['k', 'c', 2],
    ],
    dropped: ['duplicate', 'duplicate', 'duplicate', 'duplicate'],
  },
  {
    name: 'dedupe after a new key brings copies together first',
    declare: (builder) =>
      builder
        .stream('in', strings)
        .selectKey((_key, value) => value.slice(0, 1), { key: stringSerde })
        .dedupe({ name: 'once', by: (value) => value.slice(1), within: 100, value: stringSerde })
        .to('out', json),
    input: [
      ['k', 'a1', 1],
      ['l', 'a1', 2],
      ['m', 'b1', 3],
    ],
    output: [
      ['a', 'a1', 1],
      ['b', 'b1', 3],
    ],
    dropped: ['duplicate'],
  },
]);
