// Traffic through the edge while parts of the stack are away: events, copies of them, late ones, and deletes.
// It keeps what the edge has promised by a 2xx.
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultActivityTypes } from '@activity/contracts';
import { randomOf } from '@activity/testbed/testing/random';

/** One event as it is posted. */
export interface TrafficEvent {
  eventId: string;
  userId: string;
  activityType: string;
  metadata: { index: number; note: string };
  /** ISO-8601 with milliseconds; absent where the edge says when it was. */
  timestamp?: string;
}

/** A delete that was accepted. */
export interface AcceptedDelete {
  kind: 'number' | 'event' | 'user';
  /** The number of the command's own raw record. */
  commandId: number;
  /** Of the log, where it was named by its number. */
  id?: number;
  eventId?: string;
  userId?: string;
}

/** Where it goes, and how much of it. */
export interface TrafficOptions {
  edge: string;
  seed: number;
  users: number;
  /** Events in each batch, of about ten a second; a tenth as many more are posted one by one. */
  batch: number;
  /** The number of raw records in each partition; throws while Kafka is away. */
  rawEnds: () => Promise<number[]>;
}

/** Traffic that runs until it is stopped. */
export interface Traffic {
  /** What was accepted, in its order, copies too. */
  readonly accepted: readonly TrafficEvent[];
  readonly deletes: readonly AcceptedDelete[];
  /** Requests that no 2xx came back for, by how they failed. */
  readonly failed: ReadonlyMap<string, number>;
  /** Posts what is still to be accepted, and ends. @throws Error where the edge refused an event */
  stop(): Promise<void>;
  /** Ends, whatever is still to be accepted. */
  abandon: () => void;
}

const minute = 60_000;
const timeoutMs = 20_000;

/** Starts it. The seed decides what is sent and what is deleted, but not when the edge takes it. */
export function startTraffic({ edge, seed, users, batch, rawEnds }: TrafficOptions): Traffic {
  const accepted: TrafficEvent[] = [];
  const deletes: AcceptedDelete[] = [];
  const failed = new Map<string, number>();
  /** Events that may be in Kafka or not: they are sent once more. */
  const again: TrafficEvent[] = [];
  const stopped = new AbortController();
  let events = 0;

  function fail(how: string): void {
    failed.set(how, (failed.get(how) ?? 0) + 1);
  }

  function userOf(random: () => number): string {
    return `traffic-${seed}-user-${Math.floor(random() ** 2 * users)}`;
  }

  /** A tenth are copies, of which one in twenty has another type; a sixth come with a time of before. */
  function makeEvent(random: () => number): TrafficEvent {
    const type = (): string => defaultActivityTypes[Math.floor(random() * defaultActivityTypes.length)] ?? '';
    const first = accepted[Math.floor(random() * accepted.length)];
    if (first && random() < 0.1) return random() < 0.05 ? { ...first, activityType: type() } : { ...first };
    const index = events++;
    const event = {
      eventId: `traffic-${seed}-${index}`,
      userId: userOf(random),
      activityType: type(),
      metadata: { index, note: `${index} → ✓` },
    };
    const age = ageOf(random);
    return age === undefined ? event : { ...event, timestamp: new Date(Date.now() - age).toISOString() };
  }

  async function request(path: string, init: RequestInit): Promise<Response | undefined> {
    try {
      return await fetch(`${edge}${path}`, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      fail(`${init.method} ${error instanceof Error ? error.name : 'failed'}`);
      return undefined;
    }
  }

  async function post(path: string, body: unknown): Promise<{ status: number; answer: unknown }> {
    const headers = { 'content-type': 'application/json' };
    const response = await request(path, { method: 'POST', headers, body: JSON.stringify(body) });
    const answer: unknown = await response?.json().catch(() => undefined);
    const status = answer === undefined ? 503 : (response?.status ?? 503);
    if (status !== 201 && status !== 207 && status !== 503)
      throw new Error(`posting events: the edge returned ${status} ${JSON.stringify(answer)}`);
    return { status, answer };
  }

  function note(event: TrafficEvent, status: number): void {
    if (status === 201) accepted.push(event);
    else again.push(event);
    if (status !== 201) fail(`event ${status}`);
  }

  async function postBatch(some: readonly TrafficEvent[]): Promise<boolean> {
    const { status, answer } = await post('/api/logs/batch', some);
    const verdicts = status === 207 ? (answer as { results: { status: number }[] }).results : undefined;
    for (const [index, event] of some.entries()) note(event, verdicts?.[index]?.status ?? 503);
    return status === 207;
  }

  async function postOne(event: TrafficEvent): Promise<boolean> {
    const { status } = await post('/api/logs', event);
    note(event, status);
    return status === 201;
  }

  /** Works until it is stopped; after a failure a little later. */
  async function repeat(pauseMs: number, work: () => Promise<boolean>): Promise<void> {
    while (!stopped.signal.aborted) {
      const [fine] = await Promise.all([work(), sleep(pauseMs)]);
      if (!fine) await sleep(500);
    }
  }

  function postBatches(): Promise<void> {
    const random = randomOf(seed);
    return repeat(100, () => {
      const waiting = again.splice(0, 2 * batch);
      const fresh = Array.from({ length: waiting.length > batch ? 0 : batch }, () => makeEvent(random));
      return postBatch([...waiting, ...fresh]);
    });
  }

  function postSingles(): Promise<void> {
    const random = randomOf(seed + 1);
    return repeat(1_000 / batch, () => postOne(makeEvent(random)));
  }

  async function remove(path: string, what: Omit<AcceptedDelete, 'commandId'>): Promise<boolean> {
    const response = await request(path, { method: 'DELETE' });
    const answer = (await response?.json().catch(() => undefined)) as { commandId: number } | undefined;
    if (response?.status === 202 && answer) deletes.push({ ...what, commandId: answer.commandId });
    else if (response) fail(`DELETE ${what.kind} ${response.status}`);
    return response?.status === 202;
  }

  /** Any raw record, half of them among the newest: logs, duplicates, and commands too. */
  function removeByNumber(): Promise<void> {
    const random = randomOf(seed + 2);
    return repeat(300, async () => {
      const ends = await rawEnds().catch(() => []);
      const partition = Math.floor(random() * ends.length);
      const end = ends[partition] ?? 0;
      if (end === 0) return false;
      const back = Math.floor(random() * (random() < 0.5 ? Math.min(50, end) : end));
      const id = (end - 1 - back) * 1024 + partition;
      return remove(`/api/logs/${id}`, { kind: 'number', id });
    });
  }

  /** The edge waits up to 2 s for a log that is not stored yet. */
  function removeByEvent(worker: number): Promise<void> {
    const random = randomOf(seed + 4 + worker);
    return repeat(300, async () => {
      const newest = random() < 0.5 ? 200 : accepted.length;
      const event = accepted[accepted.length - 1 - Math.floor(random() * Math.min(newest, accepted.length))];
      if (!event) return false;
      const { eventId, userId } = event;
      return remove(`/api/logs/${eventId}?userId=${userId}`, { kind: 'event', eventId, userId });
    });
  }

  function eraseUsers(): Promise<void> {
    const random = randomOf(seed + 3);
    return repeat(2_000, () => {
      // Any of them: who does most would be erased again and again.
      const userId = `traffic-${seed}-user-${Math.floor(random() * users)}`;
      return remove(`/api/users/${userId}`, { kind: 'user', userId });
    });
  }

  const working = Promise.all([
    postBatches(),
    postSingles(),
    removeByNumber(),
    ...[0, 1, 2].map(removeByEvent),
    eraseUsers(),
  ]);
  // It is looked at when the traffic is stopped.
  working.catch(() => undefined);
  return {
    accepted,
    deletes,
    failed,
    async stop() {
      stopped.abort();
      await working;
      while (again.length > 0) {
        if (!(await postBatch(again.splice(0, 100)))) await sleep(500);
      }
    },
    abandon: () => stopped.abort(),
  };
}

/** How long ago an event happened, in milliseconds; undefined where the edge says when. */
function ageOf(random: () => number): number | undefined {
  const dice = random();
  if (dice < 0.003) return -10 * minute * random();
  if (dice < 0.1) return 35 * minute * random();
  if (dice < 0.13) return (50 + 20 * random()) * minute;
  if (dice < 0.15) return (2 + 3 * random()) * 1_440 * minute;
  return undefined;
}
