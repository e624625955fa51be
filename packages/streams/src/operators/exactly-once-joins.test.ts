// As exactly-once.test.ts: joins against naive oracles. Both streams come from one topic, so that the order of
// their records is the same however often they are read.
import * as fc from 'fast-check';
import { describe, test } from 'vitest';
import { checkProperty } from '@activity/kafka/testing';
import { jsonSerde } from '../api/serde.ts';
import { joinWindows } from '../dsl/join-windows.ts';
import { histories } from '../testing-support/faults.ts';
import { plus } from '../testing-support/join-cases.ts';
import { joinOracle } from '../testing-support/join-oracle.ts';
import { besideItsSource, build, expectExactly, minute, strings } from '../testing-support/oracles.ts';
import type { Topology } from '../topology/topology.ts';
import type { JoinWindows } from './stream-join.ts';

const out = { value: jsonSerde<string>(), ...besideItsSource };
const letter: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c', 'x', 'y', 'z');

describe('streams', () => {
  type Kind = 'inner' | 'left' | 'outer';

  /** Letters up to `m` are of the left stream. */
  function topologyOf(kind: Kind, windows: JoinWindows): Topology {
    return build((builder) => {
      const stream = builder.stream('in', strings);
      const left = stream.filter((value) => value < 'm');
      const right = stream.filterNot((value) => value < 'm');
      if (kind === 'inner') left.join(right, plus, windows).to('out', out);
      else if (kind === 'left') left.leftJoin(right, plus, windows).to('out', out);
      else left.outerJoin(right, plus, windows).to('out', out);
    });
  }

  const windowsOf: fc.Arbitrary<JoinWindows> = fc.constantFrom(
    joinWindows({ within: minute, grace: 0 }),
    joinWindows({ within: '3m', grace: '2m' }),
    joinWindows({ before: 0, after: '10m', grace: '1m' }),
    joinWindows({ before: '5m', after: -minute, grace: '1m' }),
  );

  test.each<[Kind]>([['inner'], ['left'], ['outer']])('%s join', (kind) => {
    checkProperty(
      fc.property(histories({ value: letter }), windowsOf, (history, windows) => {
        const sideOf = (value: string): 'left' | 'right' => (value < 'm' ? 'left' : 'right');
        expectExactly(topologyOf(kind, windows), history, (records) => ({
          out: joinOracle(records, { kind, windows, sideOf }),
        }));
      }),
    );
  });

  test('self join: over one store as over two, but for the order of what it gives', () => {
    checkProperty(
      fc.property(histories({ value: letter }), windowsOf, (history, windows) => {
        const topology = build((builder) => {
          const stream = builder.stream('in', strings);
          stream.join(stream, plus, windows).to('out', out);
        });
        expectExactly(topology, history, (records) => {
          const both = records.flatMap((record) => [
            { ...record, value: `<${record.value}` },
            { ...record, value: `>${record.value}` },
          ]);
          const sideOf = (value: string): 'left' | 'right' => (value.startsWith('<') ? 'left' : 'right');
          const joined = joinOracle(both, { kind: 'inner', windows, sideOf });
          return { out: joined.map(([key, value, time]) => [key, value?.replaceAll(/[<>]/g, ''), time]) };
        });
      }),
    );
  });
});
