// The whole pipeline with Prometheus beside it: targets, metrics, expressions, and an alert that fires.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@activity/testbed';
import { defaultTopics } from '@activity/contracts';
import { Producer } from '@platformatic/kafka';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { identify } from '@activity/testbed/process/identity';
import { run } from '@activity/testbed/process/run';
import { Playground, type Launched } from '@activity/local/testing/launcher';
import { dashboards } from './dashboards/all.ts';
import { filledIn, selectorsOf } from './expressions.ts';
import { prepare } from './local-prometheus.ts';
import { readAlerts } from './rules.ts';
import { toolsOrReason } from './tools.ts';

const tools = await toolsOrReason();
if (typeof tools === 'string') console.warn(`monitoring is not tried: ${tools}`);

const alerts = readAlerts();
const panelQueries = dashboards.flatMap(({ uid, rows }) =>
  rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries }) => queries.map(({ expr }) => ({ where: `${uid}: ${title}`, expr }))),
  ),
);
const dir = mkdtempSync(join(tmpdir(), 'activity-prometheus-'));
let playground: Playground;
let pipeline: Launched;
let prometheus: ChildProcess;
let address: string;

const answer = z.object({
  status: z.literal('success'),
  data: z.object({
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});

async function samplesOf(expr: string): Promise<z.output<typeof answer>['data']['result']> {
  const response = await fetch(`${address}/api/v1/query?query=${encodeURIComponent(expr)}`);
  const body: unknown = await response.json();
  const parsed = answer.safeParse(body);
  if (!parsed.success) throw new Error(`${expr}: ${JSON.stringify(body)}`);
  return parsed.data.data.result;
}

async function ask(expr: string): Promise<Record<string, string>[]> {
  return (await samplesOf(expr)).map(({ metric }) => metric);
}

async function firing(): Promise<string[]> {
  return (await ask('ALERTS{alertstate="firing"}')).map(({ alertname = '' }) => alertname);
}

async function post(path: string, body: unknown): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${playground.ports.ingest}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await response.body?.cancel();
  return response.status;
}

function event(user: string): unknown {
  return { userId: user, activityType: 'LOGIN', metadata: {} };
}

beforeAll(async () => {
  if (typeof tools === 'string') return;
  playground = await Playground.open();
  pipeline = playground.launch({ WATCH_INTERVAL_MS: '1000', LEDGER_INTERVAL_MS: '2000' });
  const port = await freePort();
  address = `http://127.0.0.1:${port}`;
  const args = prepare({ port, dir, targets: playground.ports, everySeconds: 1 });
  prometheus = spawn(tools.prometheus, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  await pipeline.until(/^Ready in /m);
}, 180_000);

afterAll(async () => {
  if (prometheus?.exitCode === null) {
    prometheus.kill('SIGTERM');
    await once(prometheus, 'exit');
  }
  if (pipeline) {
    process.kill(pipeline.pid, 'SIGTERM');
    await pipeline.exit;
    if (identify(pipeline.pid)) process.kill(pipeline.pid, 'SIGKILL');
    await playground.close();
  }
  rmSync(dir, { recursive: true, force: true });
}, 60_000);

test.skipIf(typeof tools === 'string')('Prometheus scrapes all four services', async () => {
  await vi.waitFor(async () => expect(await ask('up == 1')).toHaveLength(4), {
    timeout: 30_000,
    interval: 500,
  });
  expect((await ask('up')).map(({ job }) => job).toSorted((a = '', b = '') => a.localeCompare(b))).toEqual([
    'connect',
    'ingest',
    'processor',
    'query',
  ]);
});

test.skipIf(typeof tools === 'string')(
  'every metric that a rule or a panel names is on a live /metrics',
  async () => {
    const { ingest, processor, connect, query } = playground.ports;
    const live = new Set(['up', 'ALERTS']);
    for (const port of [ingest, processor, connect, query]) {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      for (const [, name = '', type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
        for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
          live.add(name + suffix);
      }
    }
    const named = [...alerts, ...panelQueries].flatMap(({ expr }) =>
      selectorsOf(expr).map(({ metric }) => metric),
    );
    expect(named.length).toBeGreaterThan(100);
    expect([...new Set(named)].filter((metric) => !live.has(metric))).toEqual([]);
  },
);

/** What has no series before the first trouble. */
const onlyInTrouble = new Set([
  'activity_ingest_events_refused_total',
  'activity_query_collection_scans_total',
  'activity_query_examined_per_returned',
  'activity_query_mongodb_checkout_failures_total',
  'activity_query_read_failures_total',
  'activity_query_tails_dropped_total',
  'activity_stream_commit_failures_total',
  'activity_stream_dead_letter_records_total',
  'activity_stream_dropped_records_total',
  'activity_stream_late_records_total',
  'activity_stream_restore_records_total',
  'activity_stream_restore_remaining_records',
  'ALERTS',
]);

test.skipIf(typeof tools === 'string')(
  'while events flow, each metric has values, and each expression is taken',
  async () => {
    for (let round = 0; round < 5; round++) {
      for (let user = 0; user < 20; user++) expect(await post('/api/logs', event(`user-${user}`))).toBe(201);
    }
    await fetch(`http://127.0.0.1:${playground.ports.query}/api/logs?userId=user-1`);
    for (const { where, expr } of panelQueries) {
      expect(
        await ask(filledIn(expr)).catch((error: unknown) => `${where}: ${String(error)}`),
      ).toBeInstanceOf(Array);
    }
    for (const { expr } of alerts) await ask(expr);
    const named = new Set(
      [...alerts, ...panelQueries].flatMap(({ expr }) => selectorsOf(expr).map(({ metric }) => metric)),
    );
    await vi.waitFor(
      async () => {
        const silent: string[] = [];
        for (const metric of named) {
          if (!onlyInTrouble.has(metric) && (await ask(metric)).length === 0) silent.push(metric);
        }
        expect(silent).toEqual([]);
      },
      { timeout: 30_000, interval: 1_000 },
    );
  },
);

test.skipIf(typeof tools === 'string')(
  'the board of the business data has the numbers that were sent',
  async () => {
    async function value(expr: string): Promise<number> {
      const [first] = await samplesOf(expr);
      return Number(first?.value[1]);
    }
    const before = await value(
      'sum(activity_processor_events_by_type_total{type="BUTTON_CLICK"}) or vector(0)',
    );
    for (let user = 0; user < 30; user++) {
      const click = { userId: `clicks-${user}`, activityType: 'BUTTON_CLICK' };
      expect(await post('/api/logs', click)).toBe(201);
    }
    expect(await post('/api/logs', { userId: 'u', activityType: 'NOPE' })).toBe(400);
    await vi.waitFor(
      async () => {
        for (const stage of ['ingest', 'processor'])
          expect(await value(`sum(activity_${stage}_events_by_type_total{type="BUTTON_CLICK"})`)).toBe(
            before + 30,
          );
        expect(
          await value('sum(max by (task) (activity_stream_state_entries{store="users"}))'),
        ).toBeGreaterThanOrEqual(30);
        expect(await value('sum(activity_ingest_events_refused_total{reason="invalid"})')).toBeGreaterThan(0);
      },
      { timeout: 30_000, interval: 500 },
    );
  },
);

test.skipIf(typeof tools === 'string')('promtool finds nothing wrong with the configuration', async () => {
  if (typeof tools === 'string') return;
  const outcome = await run({ file: tools.promtool, args: ['check', 'config', join(dir, 'prometheus.yml')] });
  expect(outcome).toMatchObject({ code: 0 });
});

test.skipIf(typeof tools === 'string')('no alert fires while all is well, and none is about to', async () => {
  await vi.waitFor(async () => expect(await ask('ALERTS')).toEqual([]), { timeout: 30_000, interval: 500 });
});

test.skipIf(typeof tools === 'string')('a dead letter fires at once', async () => {
  const producer = new Producer({
    clientId: 'garbage',
    bootstrapBrokers: [`127.0.0.1:${playground.ports.kafka}`],
  });
  await producer.send({ messages: [{ topic: defaultTopics.raw, value: Buffer.from('no JSON') }] });
  await producer.close();
  await vi.waitFor(async () => expect(await firing()).toContain('DeadLettersRising'), {
    timeout: 30_000,
    interval: 1_000,
  });
});

test.skipIf(typeof tools === 'string')(
  'a processor that stands: its target is missed, and that nothing is committed',
  async () => {
    // Stopped, not killed: the launcher would start another one.
    const pid = playground.part('processor')?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    try {
      for (let user = 0; user < 20; user++) expect(await post('/api/logs', event(`user-${user}`))).toBe(201);
      await vi.waitFor(
        async () =>
          expect(await firing()).toEqual(expect.arrayContaining(['ProcessorNotCommitting', 'TargetDown'])),
        { timeout: 240_000, interval: 2_000 },
      );
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await vi.waitFor(async () => expect(await firing()).not.toContain('TargetDown'), {
      timeout: 90_000,
      interval: 1_000,
    });
  },
);
