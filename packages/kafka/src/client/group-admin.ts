// Consumer groups from outside: who is in them, their committed offsets, and their end.
import { FatalError } from '../errors.ts';
import { retrying, type Cluster } from './cluster.ts';
import type { GroupMemberDescription, KafkaPort, Position } from './port.ts';
import { errorName, partialAnswer } from './remedies.ts';
import { wire } from './wire.ts';

/** The calls of the port that are about groups. */
export type GroupAdmin = Pick<KafkaPort, 'commitOffsets' | 'deleteGroup' | 'groupMembers' | 'removeMembers'>;

interface DeletedGroups {
  results: { errorCode: number }[];
}

/** Makes the calls for a cluster; what may pass is tried again for `retryForMs`. */
export function groupAdmin(cluster: Cluster, retryForMs: number): GroupAdmin {
  async function deleteGroup(groupId: string): Promise<boolean> {
    const doing = `deleting group ${groupId}`;
    const { results } = await retrying(retryForMs, () =>
      cluster.onCoordinator('group', groupId, (link) =>
        link.call(doing, wire.deleteGroups, [groupId]).catch((error: unknown): DeletedGroups => {
          const answer = partialAnswer<DeletedGroups>(error);
          const refusal = errorName(answer?.results[0]?.errorCode ?? 0);
          if (answer && (refusal === 'NON_EMPTY_GROUP' || refusal === 'GROUP_ID_NOT_FOUND')) return answer;
          throw error;
        }),
      ),
    );
    const refusal = errorName(results[0]?.errorCode ?? 0);
    if (refusal !== 'NON_EMPTY_GROUP') return refusal !== 'GROUP_ID_NOT_FOUND';
    const remedy = 'stop every instance; one that was killed is a member until its session ends';
    throw new FatalError('GROUP_IN_USE', `${doing}: it has members; ${remedy}`);
  }

  async function groupMembers(groupId: string): Promise<GroupMemberDescription[]> {
    const { groups } = await retrying(retryForMs, () =>
      cluster.onCoordinator('group', groupId, (link) =>
        link.call(`describing group ${groupId}`, wire.describeGroups, [groupId], false),
      ),
    );
    return (groups[0]?.members ?? []).map(({ memberId, groupInstanceId, clientId, clientHost }) => ({
      memberId,
      groupInstanceId: groupInstanceId ?? null,
      clientId,
      host: clientHost,
    }));
  }

  async function removeMembers(groupId: string, members: readonly GroupMemberDescription[]): Promise<void> {
    if (members.length === 0) return;
    const leaving = members.map(({ memberId, groupInstanceId }) => ({
      memberId,
      groupInstanceId,
      reason: 'removed by an administrator',
    }));
    await retrying(retryForMs, () =>
      cluster.onCoordinator('group', groupId, (link) =>
        link.call(`removing the members of group ${groupId}`, wire.leaveGroup, groupId, leaving),
      ),
    );
  }

  async function commitOffsets(groupId: string, offsets: readonly Position[]): Promise<void> {
    if (offsets.length === 0) return;
    const topics = [...Map.groupBy(offsets, ({ topic }) => topic)].map(([name, positions]) => ({
      name,
      partitions: positions.map(({ partition, offset, leaderEpoch }) => ({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: leaderEpoch ?? -1,
        committedMetadata: '',
      })),
    }));
    await retrying(retryForMs, () =>
      cluster.onCoordinator('group', groupId, (link) =>
        link.call(`committing offsets of group ${groupId}`, wire.offsetCommit, groupId, -1, '', null, topics),
      ),
    );
  }

  return { commitOffsets, deleteGroup, groupMembers, removeMembers };
}
