// `npm run bench:soak`: a steady load for ten minutes, and whether the processor's memory stays where it is.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBroker } from '@activity/testbed';
import { begin } from '../shared/begin.ts';
import { startChild } from '../shared/child.ts';
import { Partitioners } from 'kafkajs';
import { atMost, conclude } from '../shared/outcome.ts';
import { committed, connect, createTopics } from '../processor/kafka.ts';

begin(`npm run bench:soak

A steady load for ten minutes, and whether the processor's memory stays where it is.

Set by the environment:
  BENCH_SECONDS   how long it is measured, in seconds; 600 by default
  BENCH_RATE   events a second; 5000 by default`);

const seconds = Number(process.env['BENCH_SECONDS'] ?? 600);
const perSecond = Number(process.env['BENCH_RATE'] ?? 5000);
const [applicationId, input, output] = ['soak', 'soak-input', 'soak-output'];

const broker = await startBroker({});
const kafka = connect(broker.address);
const admin = kafka.admin();
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
const stateDir = mkdtempSync(join(tmpdir(), 'bench-soak-'));
let exitCode = 1;
try {
  await Promise.all([admin.connect(), producer.connect()]);
  await createTopics(admin, [input, output], 4);
  const app = join(import.meta.dirname, 'app.ts');
  const child = startChild(app, [broker.address, applicationId, input, output, stateDir]);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const samples: number[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => samples.push(Number(line)));
  let sent = 0;
  const began = performance.now();
  while (performance.now() - began < seconds * 1000) {
    const due = Math.min(10_000, Math.floor(((performance.now() - began) / 1000) * perSecond) - sent);
    const messages = Array.from({ length: due }, (_, i) => {
      const n = sent + i;
      // Every twentieth is a copy of an event a little before.
      const id = n % 20 === 19 ? n - 7 : n;
      return {
        key: `user-${id % 5000}`,
        value: JSON.stringify({ eventId: `event-${id}`, text: 'x'.repeat(150) }),
      };
    });
    if (messages.length > 0) await producer.send({ topic: input, messages });
    sent += messages.length;
    await sleep(50);
  }
  while ((await committed(admin, applicationId, [input])) < sent) await sleep(100);
  child.kill('SIGTERM');
  await exited;
  const third = Math.floor(samples.length / 3);
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [middle, last] = [mean(samples.slice(third, 2 * third)), mean(samples.slice(2 * third))];
  const growth = Math.round((last / middle) * 1000) / 1000;
  const mb = (bytes: number): number => Math.round(bytes / 1024 / 1024);
  console.log(`${sent} records in ${seconds} s; memory every 5 s, in MB: ${samples.map(mb).join(' ')}`);
  const figures = {
    records: sent,
    'middle-third-mb': mb(middle),
    'last-third-mb': mb(last),
    'highest-mb': mb(Math.max(...samples)),
  };
  const targets = { 'last/middle': atMost(1.1, growth) };
  exitCode = conclude({ bench: 'soak', figures, ratios: { 'last/middle': growth }, targets, wrong: [] });
} finally {
  await Promise.all([admin.disconnect(), producer.disconnect()]);
  await broker.stop();
  rmSync(stateDir, { recursive: true, force: true });
}
process.exit(exitCode);
