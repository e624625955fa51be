// The sender: a process of its own that posts events as fast as they are taken, so that its own share of the
// CPU is known. It prints `ready` once its requests are made, begins with the first byte on standard input,
// and prints one line of JSON at the end.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, headerOf, postOf, type Answer } from '../shared/connection.ts';
import { eventOf, type EventsOptions, type PipelineEvent } from './events.ts';

/** What is sent, and where. */
export interface SendOptions extends EventsOptions {
  port: number;
  /** Events in a request: 1 for single events, which the server has another route for. */
  batch: number;
  connections: number;
}

/** What became of it. */
export interface Sent {
  /** When the first request went out and the last answer came, in epoch milliseconds. */
  began: number;
  ended: number;
  /** How many events the server has acknowledged. */
  accepted: number;
  /** Requests that had to be sent again: 429, 503, or a connection that broke. */
  retries: number;
  /** The first of the answers that no client expects. */
  unexpected: string[];
  /** Microseconds of CPU from the first request to the last answer. */
  cpu: number;
}

/** How often a client sends the same request before it gives up. */
const attempts = 100;

interface Verdict {
  index: number;
  status: number;
}

function requestOf({ port, batch }: SendOptions, events: readonly PipelineEvent[]): Buffer {
  return batch === 1
    ? postOf(port, '/api/logs', JSON.stringify(events[0]))
    : postOf(port, '/api/logs/batch', JSON.stringify(events));
}

/** The events that the server asks to be sent again; undefined where its answer is none that it may give. */
function againOf(
  batch: number,
  { status, body }: Answer,
  events: readonly PipelineEvent[],
): PipelineEvent[] | undefined {
  if (status === 429 || status === 503) return [...events];
  if (batch === 1) return status === 201 ? [] : undefined;
  if (status !== 207) return undefined;
  const { accepted, results } = JSON.parse(body.toString()) as { accepted: number; results: Verdict[] };
  if (accepted === events.length) return [];
  const again = results.filter((result) => result.status === 503);
  if (accepted + again.length !== events.length) return undefined;
  return events.filter((_, index) => again.some((result) => result.index === index));
}

async function send(options: SendOptions): Promise<Sent> {
  const { count, batch, port } = options;
  const requests = Array.from({ length: Math.ceil(count / batch) }, (_, number) => {
    const length = Math.min(batch, count - number * batch);
    const events = Array.from({ length }, (__, index) => eventOf(number * batch + index, options));
    return { events, bytes: requestOf(options, events) };
  });
  console.log('ready');
  await once(process.stdin, 'data');

  const usage = process.cpuUsage();
  const sent: Sent = { began: Date.now(), ended: 0, accepted: 0, retries: 0, unexpected: [], cpu: 0 };
  const waiting = requests.values();
  async function work(): Promise<void> {
    let connection = new Connection(port);
    for (let { events, bytes } of waiting) {
      for (let attempt = 1; events.length > 0; attempt++) {
        let wait = 0;
        try {
          const answer = await connection.request(bytes);
          const again = attempt > attempts ? undefined : againOf(batch, answer, events);
          if (again === undefined) {
            sent.unexpected.push(`${answer.status} ${answer.body.toString().slice(0, 500)}`);
            break;
          }
          sent.accepted += events.length - again.length;
          if (again.length === 0) break;
          events = again;
          bytes = requestOf(options, events);
          wait = 1_000 * Number(headerOf(answer, 'retry-after') ?? 1);
        } catch (error) {
          if (attempt > attempts) throw error;
          connection = new Connection(port);
          wait = 100;
        }
        sent.retries++;
        await sleep(wait);
      }
    }
    connection.close();
  }
  await Promise.all(Array.from({ length: options.connections }, work));
  const { user, system } = process.cpuUsage(usage);
  return { ...sent, unexpected: sent.unexpected.slice(0, 3), ended: Date.now(), cpu: user + system };
}

console.log(JSON.stringify(await send(JSON.parse(process.argv[2] ?? '{}') as SendOptions)));
process.exit();
