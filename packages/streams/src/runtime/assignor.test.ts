// The assignor: every task to one member, evenly, moving no more than must move, and only after its owner let
// go.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkProperty } from '@activity/kafka/testing';
import {
  assignTasks,
  readAssignment,
  readJoinData,
  writeAssignment,
  writeJoinData,
  type AssignableMember,
} from './assignor.ts';

/** What each member runs, by member. */
type Running = Map<string, readonly string[]>;

function taskIds(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${i % 3}_${Math.floor(i / 3)}`);
}

function membersOf(
  running: Running,
  stored: ReadonlyMap<string, readonly string[]> = new Map(),
): AssignableMember[] {
  return [...running].map(([memberId, owned]) => ({
    memberId,
    instanceId: `instance of ${memberId}`,
    owned,
    stored: stored.get(memberId) ?? [],
  }));
}

/** One rebalance: assigns, and checks that nobody is given what another still runs. */
function rebalance(
  tasks: readonly string[],
  running: Running,
  stored?: ReadonlyMap<string, readonly string[]>,
): Running {
  const assigned = assignTasks(tasks, membersOf(running, stored));
  expect([...assigned.keys()].toSorted()).toEqual([...running.keys()].toSorted());
  for (const [memberId, given] of assigned) {
    for (const task of given) {
      const owners = [...running].filter(([, owned]) => owned.includes(task)).map(([id]) => id);
      expect(owners.length === 0 || owners.includes(memberId), `${task} given to ${memberId}`).toBe(true);
    }
  }
  const all = [...assigned.values()].flat();
  expect(new Set(all).size, 'a task given twice').toBe(all.length);
  return assigned;
}

/** Rebalances as a group does: once more where somebody gave something up. */
function settle(
  tasks: readonly string[],
  running: Running,
  stored?: ReadonlyMap<string, readonly string[]>,
): Running {
  const first = rebalance(tasks, running, stored);
  const gaveUp = [...running].some(([id, owned]) => owned.some((task) => !first.get(id)?.includes(task)));
  return gaveUp ? rebalance(tasks, first, stored) : first;
}

function ownerOf(running: Running, task: string): string | undefined {
  return [...running].find(([, owned]) => owned.includes(task))?.[0];
}

function moved(tasks: readonly string[], before: Running, after: Running): number {
  return tasks.filter((task) => {
    const owner = ownerOf(before, task);
    return owner !== undefined && owner !== ownerOf(after, task);
  }).length;
}

/** The fewest tasks that must leave their owners so that all shares differ by one at most. */
function fewestMoves(tasks: readonly string[], running: Running): number {
  const least = Math.floor(tasks.length / running.size);
  const extra = tasks.length % running.size;
  const owned = [...running.values()].map((list) => list.length);
  const keptByAll = owned.reduce((sum, count) => sum + Math.min(count, least), 0);
  const owning = owned.reduce((sum, count) => sum + count, 0);
  return owning - keptByAll - Math.min(extra, owned.filter((count) => count > least).length);
}

function expectEven(tasks: readonly string[], running: Running): void {
  expect([...running.values()].flat().toSorted()).toEqual([...tasks].toSorted());
  const sizes = [...running.values()].map((list) => list.length);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
}

const group = fc.record({
  tasks: fc.integer({ min: 0, max: 40 }).map(taskIds),
  members: fc.integer({ min: 1, max: 8 }),
  /** Who runs which task before: a member's number, or nobody. */
  owners: fc.array(fc.integer({ min: -1, max: 7 }), { minLength: 40, maxLength: 40 }),
});

function ownership({
  tasks,
  members,
  owners,
}: {
  tasks: string[];
  members: number;
  owners: number[];
}): Running {
  return new Map(
    Array.from({ length: members }, (_, m) => [`m${m}`, tasks.filter((_task, t) => owners[t] === m)]),
  );
}

describe('any group', () => {
  test('runs every task once, evenly, after at most two rebalances, and moves as little as can be', () => {
    checkProperty(
      fc.property(group, (any) => {
        const before = ownership(any);
        const after = settle(any.tasks, before);
        expectEven(any.tasks, after);
        expect(moved(any.tasks, before, after)).toBe(fewestMoves(any.tasks, before));
        expect(moved(any.tasks, after, settle(any.tasks, after))).toBe(0);
      }),
    );
  });

  test('that a member joins gives it its share and moves nothing else', () => {
    checkProperty(
      fc.property(group, (any) => {
        const before = settle(any.tasks, ownership(any));
        const joined = new Map([...before, ['a new member', []]]);
        const after = settle(any.tasks, joined);
        expectEven(any.tasks, after);
        expect(moved(any.tasks, joined, after)).toBe(after.get('a new member')?.length);
        expect(moved(any.tasks, joined, after)).toBe(Math.floor(any.tasks.length / joined.size));
      }),
    );
  });

  test('of members without tasks spreads each sub-topology evenly, and so does a member that joins one', () => {
    const uneven = (running: Running): number[] =>
      ['0', '1', '2'].map((sub) => {
        const counts = [...running.values()].map(
          (list) => list.filter((task) => task.startsWith(`${sub}_`)).length,
        );
        return Math.max(...counts) - Math.min(...counts);
      });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 6 }), (partitions, members) => {
        const tasks = ['0', '1', '2'].flatMap((sub) =>
          Array.from({ length: partitions }, (_, partition) => `${sub}_${partition}`),
        );
        const nobody: Running = new Map(Array.from({ length: members }, (_, m) => [`m${m}`, []]));
        expect(Math.max(...uneven(settle(tasks, nobody)))).toBeLessThanOrEqual(1);
        const one: Running = new Map([
          ['m0', tasks],
          ['m1', []],
        ]);
        expect(Math.max(...uneven(settle(tasks, one)))).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('that a member leaves moves only what that member ran, and in one rebalance', () => {
    checkProperty(
      fc.property(group, (any) => {
        fc.pre(any.members > 1);
        const before = settle(any.tasks, ownership(any));
        const left = new Map([...before].filter(([id]) => id !== 'm0'));
        const after = rebalance(any.tasks, left);
        expectEven(any.tasks, after);
        expect(moved(any.tasks, left, after)).toBe(0);
      }),
    );
  });

  test('prefers a member that has the state of a task that nobody runs', () => {
    const tasks = taskIds(6);
    const stored = new Map([
      ['m0', ['0_0', '1_0']],
      ['m2', ['2_0', '0_1', '1_1']],
    ]);
    const nobody: Running = new Map(['m0', 'm1', 'm2'].map((id) => [id, []]));
    const after = settle(tasks, nobody, stored);
    expectEven(tasks, after);
    expect(after.get('m0')).toEqual(['0_0', '1_0']);
    expect(after.get('m2')).toEqual(['2_0', '0_1']);
  });

  test('does not take a task from who runs it for one that only has its state', () => {
    const tasks = taskIds(4);
    const running: Running = new Map([
      ['m0', ['0_0', '1_0']],
      ['m1', ['2_0', '0_1']],
    ]);
    expect(settle(tasks, running, new Map([['m0', tasks]]))).toEqual(running);
  });

  test('in which two claim a task leaves it to one of them, and gives nothing away meanwhile', () => {
    const tasks = taskIds(2);
    const both: Running = new Map([
      ['m0', ['0_0']],
      ['m1', ['0_0', '1_0']],
      ['m2', []],
    ]);
    expect(settle(tasks, both)).toEqual(
      new Map([
        ['m0', ['0_0']],
        ['m1', ['1_0']],
        ['m2', []],
      ]),
    );
  });

  test('ignores tasks that are no longer there', () => {
    const running: Running = new Map([['m0', ['9_9']]]);
    expect(settle(['0_0'], running)).toEqual(new Map([['m0', ['0_0']]]));
  });
});

describe('what travels with a join', () => {
  test('comes back', () => {
    const data = { instanceId: 'ü 1', owned: ['0_0', '1_2'], stored: ['0_0'] };
    expect(readJoinData(writeJoinData(data))).toMatchObject(data);
    const assignment = { tasks: ['0_0', '12_7'], pending: 2, refused: false };
    expect(readAssignment(writeAssignment(assignment))).toMatchObject(assignment);
  });

  test('is understood where the version before wrote it', () => {
    const tasks = Buffer.from(JSON.stringify({ version: 1, tasks: ['0_0'] }));
    expect(readAssignment(tasks)).toMatchObject({ tasks: ['0_0'], pending: 0, refused: false });
    expect(readJoinData(Buffer.from('{"version":1,"owned":["0_0"]}')).topology).toBeUndefined();
  });

  test.each(['', 'no JSON', '5', 'null', '"text"', '[]', '{}'])(
    'a member that sends %j owns nothing',
    (text) => {
      expect(readJoinData(Buffer.from(text))).toMatchObject({ instanceId: '', owned: [], stored: [] });
    },
  );

  test.each([
    '{"instanceId":5}',
    '{"owned":5}',
    '{"owned":[5]}',
    '{"stored":{}}',
    '{"topology":5}',
    '{"topology":{"fingerprint":"f","inputs":[5]}}',
    '{"topology":{"inputs":[["in"]]}}',
  ])('a member that sends %j, as another version may, has no topology that anyone shares', (text) => {
    const topology = { fingerprint: 'unreadable', inputs: [] };
    expect(readJoinData(Buffer.from(text))).toEqual({ instanceId: '', owned: [], stored: [], topology });
  });

  test('no assignment is an empty one', () => {
    expect(readAssignment(Buffer.alloc(0)).tasks).toEqual([]);
  });
});
