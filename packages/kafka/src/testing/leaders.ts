// Who leads which partition of a cluster, and faults that make others lead.
import { partitionName } from '../client/port.ts';
import { waitFor } from './wait-for.ts';
import type { Witness } from './witness.ts';

interface Place {
  topic: string;
  partition: number;
  leader: number;
  replicas: number[];
  inSync: number[];
}

async function placesOf(witness: Witness, topics: readonly string[]): Promise<Place[]> {
  const metadata = await witness.admin.fetchTopicMetadata({ topics: [...topics] });
  return metadata.topics
    .flatMap(({ name: topic, partitions }) =>
      partitions.map(({ partitionId: partition, leader, replicas, isr: inSync }) => ({
        topic,
        partition,
        leader,
        replicas,
        inSync,
      })),
    )
    .toSorted((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition);
}

/** The node that leads each partition of a topic. */
export async function leadersOf(witness: Witness, topic: string): Promise<number[]> {
  return (await placesOf(witness, [topic])).map(({ leader }) => leader);
}

async function place(
  witness: Witness,
  places: readonly Place[],
  replicasOf: (place: Place) => number[],
): Promise<void> {
  const byTopic = [...Map.groupBy(places, ({ topic }) => topic)];
  await witness.admin.alterPartitionReassignments({
    topics: byTopic.map(([topic, partitions]) => ({
      topic,
      partitionAssignment: partitions.map((one) => ({
        partition: one.partition,
        replicas: replicasOf(one),
      })),
    })),
  });
}

/** Waits until no partition of these topics lacks a replica: the next broker may go then. */
export async function untilInSync(witness: Witness, topics: readonly string[]): Promise<void> {
  await waitFor('all replicas to be in sync', async () => {
    const places = await placesOf(witness, topics);
    return places.every(({ inSync, replicas }) => inSync.length === replicas.length);
  });
}

/** Moves every partition of these topics to another leader; each has all of its replicas again afterwards. */
export async function moveLeaders(witness: Witness, topics: readonly string[]): Promise<void> {
  const before = await placesOf(witness, topics);
  const others = ({ leader, replicas }: Place): number[] => replicas.filter((node) => node !== leader);
  await place(witness, before, others);
  await waitFor('other leaders', async () => {
    const now = await placesOf(witness, topics);
    return now.every(({ leader }, i) => leader >= 0 && leader !== before[i]?.leader);
  });
  await place(witness, before, (one) => [...others(one), one.leader]);
  await waitFor('all replicas', async () => {
    const now = await placesOf(witness, topics);
    return now.every(({ inSync }, i) => inSync.length === before[i]?.replicas.length);
  });
}

/** A broker that a test can take away. By node id, from 1: `brokers[0]` is node 1. */
export interface Killable {
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/** What {@link electWithoutNewest} did. */
export interface UncleanElection {
  /** Where the partition ended, and where its new leader ended it. */
  before: number;
  after: number;
  /** The former leader, which is still down. */
  former: Killable;
}

/**
 * Makes a replica lead partition 0 of a topic that lacks the newest records: one of its two replicas is away
 * while `write` is called, and alone afterwards. The topic must not have lost anything before.
 */
export async function electWithoutNewest(
  witness: Witness,
  brokers: readonly Killable[],
  topic: string,
  write: () => Promise<unknown>,
): Promise<UncleanElection> {
  const brokerOf = (node: number): Killable => {
    const broker = brokers[node - 1];
    if (!broker) throw new Error(`there is no broker ${node}`);
    return broker;
  };
  await witness.configure(topic, { 'min.insync.replicas': '1', 'unclean.leader.election.enable': 'true' });
  const [leader = 1] = await leadersOf(witness, topic);
  const behind = (leader % brokers.length) + 1;
  await witness.admin.alterPartitionReassignments({
    topics: [{ topic, partitionAssignment: [{ partition: 0, replicas: [leader, behind] }] }],
  });
  const name = partitionName(topic, 0);
  await waitFor(`${name} to have two replicas`, async () => {
    const [first] = await placesOf(witness, [topic]);
    return first?.replicas.length === 2 && first.inSync.length === 2;
  });
  await write();
  await brokerOf(behind).kill();
  await waitFor(`one replica of ${name} to count as gone`, async () => {
    const [first] = await placesOf(witness, [topic]);
    return first?.inSync.length === 1;
  });
  await write();
  const [before = 0] = await witness.endOffsets(topic);
  await brokerOf(leader).kill();
  await brokerOf(behind).restart();
  await waitFor(`the other replica of ${name} to lead`, async () => {
    return (await leadersOf(witness, topic))[0] === behind;
  });
  const [after = 0] = await witness.endOffsets(topic);
  return { before, after, former: brokerOf(leader) };
}
