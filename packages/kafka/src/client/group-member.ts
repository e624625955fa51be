// Membership of a consumer group by the classic protocol, over wire calls, because the owner must be able to
// finish its work before it takes part in a rebalance: the client has no hook that it waits for.
//
//   start ─▶ joining ─▶ syncing ─▶ stable ──(heartbeat says rebalance)──▶ joining
//              ▲                      │
//              └── lost (unknown member, stale generation): owner drops everything, joins as new
//
// It heartbeats while its owner is busy with a rebalance too: the owner may have much to commit, and must
// stay a member.
import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../backoff.ts';
import { FatalError, RejoinError, RetriableError, type StreamsError } from '../errors.ts';
import type { Cluster } from './cluster.ts';
import type { Link } from './link.ts';
import type { GroupIdentity, GroupMember, GroupOptions } from './port.ts';
import { brokerErrors, partialAnswer } from './remedies.ts';
import { wire } from './wire.ts';

const protocolType = 'consumer';
const protocolName = 'streams-sticky-v1';

/**
 * One rebalance brings the next: others join a moment later, and what was revoked is given away. Members
 * learn of it from heartbeats, so for 5 s after each rebalance they heartbeat every 100 ms.
 */
const settling = { forMs: 5_000, heartbeatMs: 100 };
const retries = { from: 100, to: 1000 };

/** A {@link GroupMember} over wire calls: one loop that joins, then heartbeats until it must join again. */
export class WireGroupMember implements GroupMember {
  readonly #cluster: Cluster;
  readonly #options: GroupOptions;
  readonly #heartbeatMs: number;
  #memberId = '';
  #generationId = -1;
  #joinAgain = false;
  #closing = false;
  #running: Promise<void> | undefined;
  #wake: AbortController = new AbortController();
  #joinLink: Link | undefined;
  #heartbeatLink: Link | undefined;

  constructor(cluster: Cluster, options: GroupOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#heartbeatMs = Math.max(100, Math.floor(options.sessionTimeoutMs / 6));
  }

  start(): void {
    this.#running ??= this.#run();
  }

  identity(): GroupIdentity {
    return {
      groupId: this.#options.groupId,
      generationId: this.#generationId,
      memberId: this.#memberId,
      groupInstanceId: this.#options.groupInstanceId,
    };
  }

  rejoin(): void {
    this.#joinAgain = true;
    this.#wake.abort();
  }

  async close({ leave }: { leave: boolean } = { leave: true }): Promise<void> {
    this.#closing = true;
    this.#wake.abort();
    await this.#joinLink?.close();
    await this.#running;
    if (leave && this.#memberId !== '') await this.#leave().catch(() => {});
    await this.#heartbeatLink?.close();
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#closing) {
      try {
        await this.#join();
        failures = 0;
        await this.#heartbeatUntilRebalance();
      } catch (error) {
        if (this.#closing) return;
        failures++;
        if (error instanceof RejoinError) {
          // While it joined, another rebalance began: what it owns is still its own.
          if (!isRebalance(error)) await this.#lose(error);
        } else if (!(error instanceof RetriableError)) {
          this.#options.handler.onFatal(error as Error);
          return;
        }
        await this.#pause(backoff(failures, retries));
      }
    }
  }

  async #lose(error: RejoinError): Promise<void> {
    await this.#lost(error).catch((failure: unknown) => {
      if (!this.#closing) this.#options.handler.onFatal(failure as Error);
    });
  }

  async #lost(error: StreamsError): Promise<void> {
    const names = brokerErrors(error);
    if (names.includes('FENCED_INSTANCE_ID')) {
      const id = this.#options.groupInstanceId;
      this.#options.handler.onFatal(
        new FatalError('GENERATION_STALE', `another process uses instance id ${id}; give each its own`, {
          cause: error,
        }),
      );
      this.#closing = true;
      return;
    }
    if (names.includes('UNKNOWN_MEMBER_ID')) this.#memberId = '';
    this.#generationId = -1;
    await this.#options.handler.onLost(error);
  }

  async #join(): Promise<void> {
    this.#joinAgain = false;
    const { groupId, handler } = this.#options;
    const userData = await this.#heartbeating(() => handler.beforeJoin());
    const metadata = encodeSubscription(this.#options.topics, userData);
    const assignment = await this.#cluster.onCoordinator('group', groupId, (coordinator) =>
      this.#joinAt(coordinator, metadata),
    );
    if (this.#closing) return;
    const again = await this.#heartbeating(() => handler.onAssigned(decodeAssignment(assignment)));
    if (again) this.#joinAgain = true;
  }

  /** Joins and synchronises; returns the assignment's bytes. */
  async #joinAt(coordinator: Link, metadata: Buffer): Promise<Buffer> {
    const { groupId, groupInstanceId, sessionTimeoutMs, rebalanceTimeoutMs, handler } = this.#options;
    // A join waits for the whole group, so it must not hold up heartbeats and commits on the shared
    // connection.
    const link = this.#cluster.dedicated(coordinator, rebalanceTimeoutMs + 10_000);
    this.#joinLink = link;
    try {
      const join = (): ReturnType<typeof wire.joinGroup.async> =>
        link.call(
          `joining group ${groupId}`,
          wire.joinGroup,
          groupId,
          sessionTimeoutMs,
          rebalanceTimeoutMs,
          this.#memberId,
          groupInstanceId,
          protocolType,
          [{ name: protocolName, metadata }],
          null,
        );
      const joined = await join().catch((error: unknown) => {
        if (!brokerErrors(error).includes('MEMBER_ID_REQUIRED')) throw error;
        this.#memberId = partialAnswer<{ memberId: string }>(error)?.memberId ?? '';
        return join();
      });
      this.#memberId = joined.memberId;
      const assignments =
        joined.leader === joined.memberId && !joined.skipAssignment
          ? await handler.assign(
              joined.members.map((m) => ({ memberId: m.memberId, userData: decodeUserData(m.metadata) })),
              joined.memberId,
            )
          : new Map<string, Buffer>();
      const synced = await link.call(
        `synchronising group ${groupId}`,
        wire.syncGroup,
        groupId,
        joined.generationId,
        joined.memberId,
        groupInstanceId,
        protocolType,
        protocolName,
        [...assignments].map(([memberId, bytes]) => ({ memberId, assignment: encodeAssignment(bytes) })),
      );
      this.#generationId = joined.generationId;
      return synced.assignment;
    } finally {
      this.#joinLink = undefined;
      await link.close();
    }
  }

  async #heartbeatUntilRebalance(): Promise<void> {
    const joined = performance.now();
    let answered = joined;
    while (!this.#closing && !this.#joinAgain) {
      const settled = performance.now() - joined > settling.forMs;
      await this.#pause(settled ? this.#heartbeatMs : Math.min(settling.heartbeatMs, this.#heartbeatMs));
      if (this.#closing || this.#joinAgain) return;
      try {
        await this.#heartbeat();
        answered = performance.now();
      } catch (error) {
        if (isRebalance(error)) return;
        if (!(error instanceof RetriableError)) throw error;
        // Away for a moment is no reason to give everything up; past the session the broker has done so
        // already.
        if (performance.now() - answered > this.#options.sessionTimeoutMs) throw error;
      }
    }
  }

  /**
   * Waits for the owner, heartbeating meanwhile. @throws RejoinError when the membership was lost in that
   * time.
   */
  async #heartbeating<T>(work: () => Promise<T>): Promise<T> {
    if (this.#generationId < 0) return work();
    const done = new AbortController();
    const lost = this.#heartbeatUntil(done.signal);
    try {
      return await work();
    } finally {
      done.abort();
      const error = await lost;
      // oxlint-disable-next-line no-unsafe-finally -- the membership that the work was done under is gone.
      if (error) throw error;
    }
  }

  async #heartbeatUntil(done: AbortSignal): Promise<RejoinError | undefined> {
    while (!done.aborted && !this.#closing) {
      await sleep(this.#heartbeatMs, undefined, { signal: done }).catch(() => {});
      if (done.aborted || this.#closing) return undefined;
      try {
        await this.#heartbeat();
      } catch (error) {
        if (error instanceof RejoinError && !isRebalance(error)) return error;
      }
    }
    return undefined;
  }

  async #heartbeat(): Promise<void> {
    const { groupId, groupInstanceId } = this.#options;
    await this.#cluster.onCoordinator('group', groupId, (coordinator) =>
      this.#linkForHeartbeats(coordinator).call(
        `heartbeating in group ${groupId}`,
        wire.heartbeat,
        groupId,
        this.#generationId,
        this.#memberId,
        groupInstanceId,
      ),
    );
  }

  /** A heartbeat must fail long before the session ends, or a half-open connection costs the membership. */
  #linkForHeartbeats(coordinator: Link): Link {
    const link = this.#heartbeatLink;
    if (link?.host === coordinator.host && link.port === coordinator.port) return link;
    void link?.close();
    const timeoutMs = Math.max(500, Math.floor(this.#options.sessionTimeoutMs / 4));
    return (this.#heartbeatLink = this.#cluster.dedicated(coordinator, timeoutMs));
  }

  async #leave(): Promise<void> {
    const { groupId, groupInstanceId } = this.#options;
    await this.#cluster.onCoordinator('group', groupId, (link) =>
      link.call(`leaving group ${groupId}`, wire.leaveGroup, groupId, [
        { memberId: this.#memberId, groupInstanceId, reason: 'closing' },
      ]),
    );
  }

  async #pause(ms: number): Promise<void> {
    if (this.#closing) return;
    if (this.#wake.signal.aborted) this.#wake = new AbortController();
    await sleep(ms, undefined, { signal: this.#wake.signal }).catch(() => {});
  }
}

/** Whether a group refuses because it is rebalancing: its members join again, and keep what they own. */
function isRebalance(error: unknown): boolean {
  return brokerErrors(error).includes('REBALANCE_IN_PROGRESS');
}

/** ConsumerProtocolSubscription, version 1, as the standard tools read it. */
function encodeSubscription(topics: readonly string[], userData: Buffer): Buffer {
  const parts = [
    int16(1),
    int32(topics.length),
    ...topics.map(shortString),
    int32(userData.length),
    userData,
  ];
  return Buffer.concat([...parts, int32(0)]);
}

function decodeUserData(metadata: Buffer): Buffer {
  let at = 2;
  const topics = metadata.readInt32BE(at);
  at += 4;
  for (let i = 0; i < topics; i++) at += 2 + metadata.readInt16BE(at);
  const size = metadata.readInt32BE(at);
  return size < 0 ? Buffer.alloc(0) : metadata.subarray(at + 4, at + 4 + size);
}

/** ConsumerProtocolAssignment, version 1: no partitions of its own, ours travel as user data. */
function encodeAssignment(bytes: Buffer): Buffer {
  return Buffer.concat([int16(1), int32(0), int32(bytes.length), bytes]);
}

function decodeAssignment(assignment: Buffer): Buffer {
  if (assignment.length < 10) return Buffer.alloc(0);
  const size = assignment.readInt32BE(6);
  return size < 0 ? Buffer.alloc(0) : assignment.subarray(10, 10 + size);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function shortString(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([int16(bytes.length), bytes]);
}
