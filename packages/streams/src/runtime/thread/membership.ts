// The membership of a stream thread in its group. Callbacks of the group member do not act by themselves:
// they queue, and the loop runs them between two steps.
import type { GroupIdentity, GroupMember, MemberSubscription } from '@activity/kafka';
import { FatalError, RetriableError } from '../../api/errors.ts';
import { readAssignment, writeAssignments, writeJoinData, type Assignment } from '../assignor.ts';
import type { TopologyShape } from '../fingerprint.ts';
import { planGroup } from '../group-plan.ts';
import { prepareTopics } from '../internal-topics.ts';
import { resolveNow } from '../topic-patterns.ts';
import type { CommitCycle } from './commit-cycle.ts';
import type { TaskSet } from './task-set.ts';
import type { StreamThreadOptions } from './thread-options.ts';

/** What a {@link Membership} works on. */
export interface MembershipOptions {
  thread: StreamThreadOptions;
  shape: TopologyShape;
  tasks: TaskSet;
  commits: Pick<CommitCycle, 'commitAll' | 'dropUncommitted'>;
  isClosing: () => boolean;
  onFatal: (error: Error) => void;
  /** Something has been queued. */
  onControl: () => void;
}

interface Control {
  /** Runs what was asked, and settles the promise that the group member waits for. */
  run: () => Promise<void>;
  reject: (error: unknown) => void;
}

/** How long a task may have no owner before the group assigns again. */
const pendingMs = 5_000;

/** See the top of this file. */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #member: GroupMember;
  readonly #controls: Control[] = [];
  #identity: GroupIdentity | undefined;
  #awaitingAssignment = true;
  #rejoinAt = Number.POSITIVE_INFINITY;

  constructor(options: MembershipOptions) {
    this.#options = options;
    const { thread, shape, onFatal } = options;
    const { applicationId, instanceId, index, staticMembership } = thread;
    this.#member = thread.kafka.createMember({
      groupId: applicationId,
      groupInstanceId: staticMembership ? `${instanceId}-${index}` : null,
      topics: shape.inputs.flat(),
      sessionTimeoutMs: thread.sessionTimeoutMs,
      rebalanceTimeoutMs: thread.rebalanceTimeoutMs,
      handler: {
        beforeJoin: () => this.#control(() => this.#beforeJoin()),
        assign: (members) => this.#assign(members),
        onAssigned: (bytes) => this.#control(() => this.#assigned(readAssignment(bytes))),
        onLost: (reason) => this.#control(() => this.#lost(reason)),
        onFatal,
      },
    });
  }

  /** Who this thread is in the group, as of its assignment; undefined without one. */
  get identity(): GroupIdentity | undefined {
    return this.#identity;
  }

  /** Whether no assignment holds: nothing may be committed. */
  get isAwaitingAssignment(): boolean {
    return this.#awaitingAssignment;
  }

  /** Whether the group member waits for something. */
  get hasControls(): boolean {
    return this.#controls.length > 0;
  }

  start(): void {
    this.#member.start();
  }

  /** Runs what the group member has asked for. */
  async runControls(): Promise<void> {
    for (let control = this.#controls.shift(); control; control = this.#controls.shift()) await control.run();
  }

  /** Refuses what the group member has asked for and is not run any more. */
  refuseControls(): void {
    for (const control of this.#controls.splice(0))
      control.reject(new RetriableError('CONNECTION_LOST', 'closing'));
  }

  /** Joins again: topics have changed. */
  joinAgain(): void {
    this.#member.rejoin();
  }

  /** Joins again: the assignment holds no more. */
  giveUpAssignment(): void {
    this.#awaitingAssignment = true;
    this.#member.rejoin();
  }

  /** A task without an owner gets one by another assignment, whatever became of who was to let go of it. */
  rejoinWherePending(): void {
    if (performance.now() < this.#rejoinAt) return;
    this.#rejoinAt = Number.POSITIVE_INFINITY;
    this.#member.rejoin();
  }

  async close({ leave }: { leave: boolean }): Promise<void> {
    await this.#member.close({ leave });
  }

  #control<T>(run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#options.isClosing()) {
        reject(new RetriableError('CONNECTION_LOST', 'the thread is closing'));
        return;
      }
      this.#controls.push({ run: () => run().then(resolve, reject), reject });
      this.#options.onControl();
    });
  }

  async #beforeJoin(): Promise<Buffer> {
    const { thread, tasks, shape } = this.#options;
    const { instanceId, backend, metrics } = thread;
    metrics.rebalanced();
    // What was processed is committed under the old generation; a failure only means it is processed again.
    if (!this.#awaitingAssignment) await this.#commitOrDrop();
    this.#awaitingAssignment = true;
    return writeJoinData({ instanceId, owned: tasks.ids, stored: backend.storedTasks(), topology: shape });
  }

  async #assign(members: readonly MemberSubscription[]): Promise<Map<string, Buffer>> {
    const { kafka, topology, names, internalTopics, failures, log } = this.#options.thread;
    const { prefix } = names;
    const { deadLetterTopic } = failures;
    const { shape } = this.#options;
    let listed: readonly string[] | undefined;
    const listTopics = async (): Promise<readonly string[]> => (listed ??= await kafka.listTopics());
    if (shape.patterns) {
      // New topics of a pattern may need changelogs and repartition topics, which the plan reads.
      const resolved = await resolveNow(topology, listTopics, prefix);
      await prepareTopics({ kafka, topology: resolved, names, internalTopics, deadLetterTopic });
    }
    const plan = await planGroup(members, { kafka, shape, prefix, listTopics, log });
    return writeAssignments(plan);
  }

  /** Takes an assignment in. Returns whether something was given up, so that the member must join again. */
  async #assigned({ tasks: assigned, pending, refused, shutdown, matches }: Assignment): Promise<boolean> {
    const { thread, tasks, onFatal } = this.#options;
    if (shutdown === true) {
      const text =
        'an instance of the application has asked all of them to shut down; its log has the reason';
      onFatal(new FatalError('SHUTDOWN_REQUESTED', text));
      return false;
    }
    this.#rejoinAt = pending > 0 ? performance.now() + pendingMs : Number.POSITIVE_INFINITY;
    if (refused) thread.log('error', otherTopology(thread.applicationId));
    await tasks.takeMatches(matches);
    const revoked = tasks.without(assigned);
    this.#awaitingAssignment = false;
    this.#identity = this.#member.identity();
    // Still allowed: the partitions belong to nobody else before this member has joined again.
    if (revoked.length > 0) await this.#commitOrDrop();
    await tasks.keepOnly(assigned);
    await tasks.open(assigned);
    thread.log('info', `assigned ${assigned.length} tasks`, { assigned });
    return revoked.some(({ id }) => !assigned.includes(id));
  }

  async #lost(reason: Error): Promise<void> {
    const { thread, tasks, commits } = this.#options;
    thread.log('warn', `membership was lost: ${reason.message}`);
    this.#identity = undefined;
    await commits.dropUncommitted();
    await tasks.lose();
    this.#awaitingAssignment = true;
  }

  async #commitOrDrop(): Promise<void> {
    const { commits } = this.#options;
    await commits.commitAll().catch(async (error: unknown) => {
      if (error instanceof FatalError) throw error;
      await commits.dropUncommitted();
    });
  }
}

function otherTopology(applicationId: string): string {
  return (
    `application ${applicationId} runs with another topology (input topics, repartition topics or stores): this ` +
    'instance gets no tasks until every instance of the other version has stopped; stop those, or start this one under an id of its own'
  );
}
