// The clients of Segment's API as their registries have them, each sending a number of events in a steady
// stream.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureSegmentPython } from '@activity/testbed/fetch/segment-python';
import { reasonOf } from '@activity/testbed/process/problem';
import RudderAnalytics from '@rudderstack/rudder-sdk-node';
import { Analytics } from '@segment/analytics-node';
import { z } from 'zod';

/** What a client is to send, and where to. */
export interface Sending {
  /** The edge's URL. */
  edge: string;
  writeKey: string;
  userId: string;
  count: number;
  /** The time between two events, in milliseconds. */
  everyMs: number;
}

/** What a client has said of its events, by their `messageId`. */
export interface Reported {
  delivered: string[];
  failed: string[];
}

/** Sends all, and resolves when the client has said of each what became of it. */
export type SendAll = (sending: Sending) => Promise<Reported>;

/** The event's name: a type that every deployment knows. */
export const event = 'BUTTON_CLICK';

async function inTurn({ count, everyMs }: Sending, send: (index: number) => void): Promise<void> {
  for (let index = 0; index < count; index++) {
    send(index);
    await sleep(everyMs);
  }
}

/** By `@segment/analytics-node`. */
export async function sendByNode(sending: Sending): Promise<Reported> {
  const { edge: host, writeKey, userId } = sending;
  const reported: Reported = { delivered: [], failed: [] };
  const analytics = new Analytics({ writeKey, host, flushInterval: 200 });
  // Without a listener its errors would end the process.
  analytics.on('error', () => {});
  await inTurn(sending, (index) => {
    const properties = { index };
    analytics.track({ userId, event, properties }, (error, context) => {
      const id = String(context?.event.messageId);
      (error === undefined ? reported.delivered : reported.failed).push(id);
    });
  });
  await analytics.closeAndFlush({ timeout: 120_000 });
  return reported;
}

/** By `@rudderstack/rudder-sdk-node`. */
export async function sendByRudder(sending: Sending): Promise<Reported> {
  const { edge: dataPlaneUrl, writeKey, userId, count } = sending;
  const reported: Reported = { delivered: [], failed: [] };
  const options = { dataPlaneUrl, flushInterval: 200, retryCount: 10, logLevel: 'none' } as const;
  const rudder = new RudderAnalytics(writeKey, options);
  await inTurn(sending, (index) => {
    const messageId = `${userId}-${index}`;
    // Its types do not have the id that it takes.
    const call = { userId, event, messageId, properties: { index } };
    rudder.track(call, (error?: unknown) => {
      (error === undefined || error === null ? reported.delivered : reported.failed).push(messageId);
    });
  });
  // Each call sends one batch.
  while (reported.delivered.length + reported.failed.length < count) {
    await rudder.flush().catch(() => undefined);
    await sleep(20);
  }
  return reported;
}

const pythonProgram = `
import json, logging, sys, time
from segment.analytics import Client

edge, key, user, count, every = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])
logging.getLogger('segment').setLevel(logging.CRITICAL)
failed = []
client = Client(key, host=edge, gzip=True, upload_interval=0.2,
                on_error=lambda error, items: failed.extend(item['messageId'] for item in items))
sent = []
for index in range(count):
    taken, message = client.track(user, '${event}', {'index': index})
    sent.append(message['messageId'])
    time.sleep(every)
client.shutdown()
print(json.dumps({'delivered': [one for one in sent if one not in failed], 'failed': failed}))
`;

/** What a Python program prints; its standard error is in what is thrown. */
export async function runPython(program: string, args: readonly string[] = []): Promise<string> {
  const folder = await ensureSegmentPython({ report: (line) => console.log(line) });
  const child = spawn('python3', ['-c', program, ...args], {
    env: { ...process.env, PYTHONPATH: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`python3 ended with ${child.exitCode}: ${errors}`);
  return output;
}

/** By `segment-analytics-python`, packed with gzip. */
export async function sendByPython({ edge, writeKey, userId, count, everyMs }: Sending): Promise<Reported> {
  const args = [edge, writeKey, userId, String(count), String(everyMs / 1_000)];
  const printed: unknown = JSON.parse(await runPython(pythonProgram, args));
  return z.object({ delivered: z.array(z.string()), failed: z.array(z.string()) }).parse(printed);
}

/** Why the Python client cannot run here; empty where it can. */
export async function whyNoPython(): Promise<string> {
  return ensureSegmentPython({ report: (line) => console.log(line) }).then(() => '', reasonOf);
}
