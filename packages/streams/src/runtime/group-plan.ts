// The plan of the group's leader: which tasks there are, and who runs each of them.
import type { KafkaPort, MemberSubscription } from '@activity/kafka';
import { assignTasks, readJoinData, type AssignableMember, type Assignment } from './assignor.ts';
import type { TopologyShape } from './fingerprint.ts';
import { isInternalTopic, matchPatterns, type PatternMatches } from './topic-patterns.ts';
import { taskIdOf } from './task-options.ts';

/** What a plan is made from. */
export interface GroupPlanOptions {
  kafka: Pick<KafkaPort, 'describeTopics'>;
  /** The leader's own topology. */
  shape: TopologyShape;
  /** What the names of internal topics begin with. */
  prefix: string;
  /** The names of all topics; asked for where there are patterns. */
  listTopics: () => Promise<readonly string[]>;
  log: (level: 'warn', message: string, details?: object) => void;
}

/**
 * Plans an assignment for every member. Members whose topology is not the group's get nothing: a task id may
 * mean other partitions to them, and these would be processed twice.
 */
export async function planGroup(
  subscriptions: readonly MemberSubscription[],
  { kafka, shape, prefix, listTopics, log }: GroupPlanOptions,
): Promise<Map<string, Assignment>> {
  const members = readMembers(subscriptions);
  const ending = planShutdown(members);
  if (ending) return ending;
  const chosen = shapeOfGroup(members, shape);
  const accepted = members.filter(({ topology }) => (topology ?? chosen).fingerprint === chosen.fingerprint);
  const patterns = chosen.patterns?.flat() ?? [];
  const matches = patterns.length === 0 ? undefined : matchPatterns(patterns, await listTopics(), prefix);
  const inputs = chosen.inputs.map((own, id) => [...own, ...matchedInputs(chosen, id, matches)]);
  const found = await tasksOf(inputs, accepted, kafka);
  const { tasks } = found;
  // A repartition topic does not exist before the pattern of the sub-topology that writes it matches a topic.
  const absent = found.absent.filter((topic) => !matches || !isInternalTopic(prefix, topic));
  for (const topic of absent)
    log('warn', `input topic ${topic} is not there now; its tasks stay as they are`);
  const assigned = assignTasks(tasks, accepted);
  const given = [...assigned.values()].reduce((sum, list) => sum + list.length, 0);
  const pending = tasks.length - given + absent.length;
  return new Map(
    members.map(({ memberId }) => {
      const list = assigned.get(memberId);
      return [
        memberId,
        { tasks: list ?? [], pending, refused: list === undefined, ...(matches && { matches }) },
      ];
    }),
  );
}

/** What the members of a group have said of themselves. */
export function readMembers(subscriptions: readonly MemberSubscription[]): AssignableMember[] {
  return subscriptions.map(({ memberId, userData }) => ({ memberId, ...readJoinData(userData) }));
}

/**
 * Plans an assignment for a group in which somebody asks all to shut down; undefined where nobody does. A
 * request is for those that are there when it is made: later ones without a task have been started after it,
 * and wait until it is over.
 */
export function planShutdown(members: readonly AssignableMember[]): Map<string, Assignment> | undefined {
  const asking = members.filter(({ shutdown }) => shutdown === true);
  if (asking.length === 0) return undefined;
  const isNew = asking.some(({ passedOn }) => passedOn !== true);
  const told = members.filter(({ shutdown, owned }) => !shutdown && (isNew || owned.length > 0));
  const wait: Assignment = { tasks: [], pending: 1, refused: false };
  const end: Assignment = { tasks: [], pending: 0, refused: false, shutdown: true };
  const ending = new Set(told.length > 0 ? [...told, ...asking] : []);
  return new Map(members.map((member) => [member.memberId, ending.has(member) ? end : wait]));
}

/**
 * The topology that most tasks run now; the leader's where none runs. What runs is never stopped by a
 * newcomer.
 */
function shapeOfGroup(members: readonly AssignableMember[], own: TopologyShape): TopologyShape {
  const running = Map.groupBy(
    members.filter(({ topology, owned }) => topology !== undefined && owned.length > 0),
    ({ topology }) => topology?.fingerprint,
  );
  const [most] = [...running.values()].toSorted((a, b) => ownedBy(b) - ownedBy(a));
  return most?.[0]?.topology ?? own;
}

function ownedBy(members: readonly AssignableMember[]): number {
  return members.reduce((sum, { owned }) => sum + owned.length, 0);
}

function matchedInputs(
  { patterns }: TopologyShape,
  id: number,
  matches: PatternMatches = {},
): readonly string[] {
  return patterns?.[id]?.flatMap((pattern) => matches[pattern] ?? []) ?? [];
}

/** Every task; of a sub-topology whose input is not there now, those that somebody runs. */
async function tasksOf(
  inputs: readonly (readonly string[])[],
  members: readonly AssignableMember[],
  kafka: Pick<KafkaPort, 'describeTopics'>,
): Promise<{ tasks: string[]; absent: string[] }> {
  const topics = [...new Set(inputs.flat())];
  const described = await kafka.describeTopics(topics);
  const absent = topics.filter((topic) => !described.has(topic));
  const owned = members.flatMap((member) => member.owned);
  const tasks = inputs.flatMap((own, id) => {
    if (own.some((topic) => absent.includes(topic))) return owned.filter((task) => task.startsWith(`${id}_`));
    const counts = own.map((topic) => described.get(topic)?.partitions ?? 0);
    return Array.from({ length: Math.max(0, ...counts) }, (_, partition) => taskIdOf(id, partition));
  });
  return { tasks: [...new Set(tasks)], absent };
}
