// The assignor: which member runs which task. Sticky and cooperative: a task moves only when its owner has
// let go.
import type { TopologyShape } from './fingerprint.ts';
import type { PatternMatches } from './topic-patterns.ts';

/** A member as the assignor sees it. */
export interface AssignableMember {
  readonly memberId: string;
  /** The process it runs in: tasks whose state is there are cheap to take. */
  readonly instanceId: string;
  /** Tasks it runs now. */
  readonly owned: readonly string[];
  /** Tasks whose state its process has on disk. */
  readonly stored: readonly string[];
  /** What its task ids mean; undefined for a member of an older version of this library. */
  readonly topology?: TopologyShape;
  /** It asks every member to shut down. */
  readonly shutdown?: boolean;
  /** Its request has been passed on once: members that came later are not meant. */
  readonly passedOn?: boolean;
}

/** What a member says to the leader when it joins. */
export type JoinData = Omit<AssignableMember, 'memberId'>;

/**
 * Spreads tasks over members as evenly as can be, and those of each sub-topology too, since one may cost more
 * than another: whoever owns or stores a task keeps it while its share lasts.
 * A task that must move from a living owner is left out once, so that the owner lets go before another
 * begins; the owner joins again when it has, and then the task is given away.
 */
export function assignTasks(
  tasks: readonly string[],
  members: readonly AssignableMember[],
): Map<string, string[]> {
  const assigned = new Map<string, string[]>(members.map(({ memberId }) => [memberId, []]));
  if (members.length === 0) return assigned;
  const sorted = members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const ownerOf = new Map<string, string>();
  for (const { memberId, owned } of sorted) {
    for (const task of owned) if (!ownerOf.has(task)) ownerOf.set(task, memberId);
  }
  const least = Math.floor(tasks.length / members.length);
  let extra = tasks.length % members.length;
  const room = (memberId: string): boolean => {
    const count = listOf(assigned, memberId).length;
    return count < least || (count === least && extra > 0);
  };
  const give = (task: string, memberId: string): void => {
    const list = listOf(assigned, memberId);
    if (list.length === least) extra--;
    list.push(task);
  };
  const alike = (task: string, memberId: string): number =>
    listOf(assigned, memberId).filter((other) => subTopologyOf(other) === subTopologyOf(task)).length;
  const tasksOf = Map.groupBy(tasks, subTopologyOf);
  const inShare = (task: string, memberId: string): boolean => {
    const all = tasksOf.get(subTopologyOf(task))?.length ?? 0;
    return alike(task, memberId) < Math.ceil(all / members.length);
  };
  const open = new Set(tasks);
  const keepWhere = (holds: (member: AssignableMember, task: string) => boolean): void => {
    for (const task of tasks) {
      if (!open.has(task)) continue;
      const keeper = sorted.find((member) => holds(member, task) && room(member.memberId));
      if (!keeper) continue;
      give(task, keeper.memberId);
      open.delete(task);
    }
  };
  const owns = (member: AssignableMember, task: string): boolean => ownerOf.get(task) === member.memberId;
  const stores = (member: AssignableMember, task: string): boolean =>
    !ownerOf.has(task) && member.stored.includes(task);
  // First its share of each sub-topology, then whatever else there is room for: nothing moves that need not.
  for (const holds of [owns, stores]) {
    keepWhere((member, task) => holds(member, task) && inShare(task, member.memberId));
    keepWhere(holds);
  }
  for (const task of open) {
    const [target] = sorted
      .filter(({ memberId }) => room(memberId))
      .map(({ memberId }) => ({
        memberId,
        alike: alike(task, memberId),
        all: listOf(assigned, memberId).length,
      }))
      .toSorted((a, b) => a.alike - b.alike || a.all - b.all);
    if (target) give(task, target.memberId);
  }
  // Counted above so that shares come out even, but not handed over while another still runs it.
  for (const [memberId, list] of assigned) {
    assigned.set(
      memberId,
      list.filter((task) => (ownerOf.get(task) ?? memberId) === memberId),
    );
  }
  return assigned;
}

function subTopologyOf(task: string): string {
  return task.slice(0, task.indexOf('_'));
}

function listOf(assigned: Map<string, string[]>, memberId: string): string[] {
  return assigned.get(memberId) ?? [];
}

/** A member's join data as bytes. */
export function writeJoinData(data: JoinData): Buffer {
  return Buffer.from(JSON.stringify({ version: 1, ...data }));
}

/**
 * Reads a member's join data; a member of another kind owns nothing. One whose data has another form, as a
 * later version may write it, shares no topology with anyone: it waits, and the leader goes on.
 */
export function readJoinData(bytes: Buffer): JoinData {
  const nothing = { instanceId: '', owned: [], stored: [] };
  try {
    const parsed: unknown = JSON.parse(bytes.toString());
    if (typeof parsed !== 'object' || parsed === null) return nothing;
    const data = { ...nothing, ...parsed };
    return isJoinData(data) ? data : { ...nothing, topology: { fingerprint: 'unreadable', inputs: [] } };
  } catch {
    return nothing;
  }
}

function isJoinData(data: { [K in keyof JoinData]: unknown }): data is JoinData {
  const { instanceId, owned, stored, topology } = data;
  return typeof instanceId === 'string' && isTexts(owned) && isTexts(stored) && isShape(topology);
}

function isShape(topology: unknown): boolean {
  if (topology === undefined) return true;
  if (typeof topology !== 'object' || topology === null) return false;
  const { fingerprint, inputs, patterns = [] } = topology as { [K in keyof TopologyShape]?: unknown };
  const areLists = [inputs, patterns].every((list) => Array.isArray(list) && list.every(isTexts));
  return typeof fingerprint === 'string' && areLists;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** What the leader gives a member. */
export interface Assignment {
  tasks: readonly string[];
  /**
   * Tasks of the group that nobody has yet: their owners must let go first, or their input is not there now.
   */
  pending: number;
  /** The member runs another topology than the group. */
  refused: boolean;
  /** What the patterns of the topology match; absent where it has none. */
  matches?: PatternMatches;
  /** A member has asked all to shut down. */
  shutdown?: boolean;
}

/** An assignment as bytes. */
export function writeAssignment(assignment: Assignment): Buffer {
  return Buffer.from(JSON.stringify({ version: 1, ...assignment }));
}

/** The assignments of a plan as bytes, by member. */
export function writeAssignments(plan: ReadonlyMap<string, Assignment>): Map<string, Buffer> {
  return new Map([...plan].map(([memberId, given]) => [memberId, writeAssignment(given)]));
}

/** Reads an assignment. */
export function readAssignment(bytes: Buffer): Assignment {
  const nothing = { tasks: [], pending: 0, refused: false };
  if (bytes.length === 0) return nothing;
  return { ...nothing, ...(JSON.parse(bytes.toString()) as Partial<Assignment>) };
}
