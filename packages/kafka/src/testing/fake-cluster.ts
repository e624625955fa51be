// A cluster of brokers in memory: what each of them says of leaders and coordinators, and who can be reached.
import { vi, type MockInstance } from 'vitest';
import { RetriableError } from '../errors.ts';
import { Link } from '../client/link.ts';
import { wire } from '../client/wire.ts';

/** A request that arrived: its name, and the port of the broker that it was sent to. */
export interface Asked {
  request: string;
  port: number;
}

/** Brokers in memory, one on each of the ports 1 to 3, whose node ids are their ports. */
export class FakeCluster {
  /** Ports of brokers that cannot be reached. */
  readonly down: Set<number> = new Set();
  /** The leader of each partition of the topic `t`; -1: none now. */
  leaders: number[] = [1];
  coordinator = 1;
  /** All requests, those that found nobody too. */
  readonly asked: Asked[] = [];
  /** Answers to other requests, by name; one that throws refuses it. */
  readonly answers: { [request: string]: (port: number, args: unknown[]) => unknown } = {};
  readonly #spy: MockInstance;

  constructor() {
    const names = new Map<unknown, string>(Object.entries(wire).map(([name, api]) => [api, name]));
    const answer = (request: string, port: number, args: unknown[]): unknown =>
      this.#answer(request, port, args);
    const { asked, down } = this;
    this.#spy = vi.spyOn(Link.prototype, 'call').mockImplementation(async function call(
      this: Link,
      doing: string,
      api: unknown,
      ...args: unknown[]
    ) {
      const request = names.get(api) ?? '';
      asked.push({ request, port: this.port });
      if (down.has(this.port)) throw new RetriableError('CONNECTION_LOST', `${doing}: ECONNREFUSED`);
      return answer(request, this.port, args);
    });
  }

  /** The ports that a request was sent to, in order. */
  portsOf(request: string): number[] {
    return this.asked.filter((one) => one.request === request).map(({ port }) => port);
  }

  restore(): void {
    this.#spy.mockRestore();
  }

  #answer(request: string, port: number, args: unknown[]): unknown {
    const own = this.answers[request];
    if (own) return own(port, args);
    if (request === 'findCoordinator')
      return { coordinators: [{ nodeId: this.coordinator, host: 'kafka', port: this.coordinator }] };
    if (request !== 'metadata') throw new RetriableError('BROKER_REFUSED', `${request}: not expected`);
    const alive = [1, 2, 3].filter((node) => !this.down.has(node));
    return {
      brokers: alive.map((node) => ({ nodeId: node, host: 'kafka', port: node })),
      topics: (args[0] as string[]).map((name) => ({
        errorCode: 0,
        name,
        topicId: `id of ${name}`,
        partitions: this.leaders.map((leaderId, partitionIndex) => ({ partitionIndex, leaderId })),
      })),
    };
  }
}
