// The page of an application on a real broker, in a real browser: figures that move, a loss, an end.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startBroker } from '@activity/testbed';
import { servers } from '@activity/testbed/testing';
import {
  expectNoBarriers,
  openBrowser,
  openPage,
  type BrowserFound,
} from '@activity/testbed/testing/browser';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createKafka } from '@activity/kafka';
import { connectWitness, uniqueName } from '@activity/kafka/testing';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { createTopics, sendIds } from '../testing-support/counts-run.ts';
import { runningApps, strings, until } from '../testing-support/running-apps.ts';
import type { Streams } from '../streams.ts';
import { topologyPage } from './topology-page.ts';

type Browser = Extract<BrowserFound, { browser: unknown }>['browser'];

const apps = runningApps(() => servers().kafka);
const open: Server[] = [];
let browser: Browser | undefined;
let missing = '';

beforeAll(async () => {
  const found = await openBrowser();
  if ('missing' in found) missing = found.missing;
  else browser = found.browser;
  // A browser may have to be installed.
}, 300_000);

afterAll(() => browser?.close());

afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function serve(streams: Streams, port = 0): Promise<{ server: Server; url: string; port: number }> {
  const page = topologyPage(streams);
  const server = createServer((request, response) => {
    void page(request, response).then((isServed) => {
      if (!isServed) response.writeHead(404).end();
    });
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const at = (server.address() as AddressInfo).port;
  return { server, url: `http://127.0.0.1:${at}`, port: at };
}

async function appWithEverything(): Promise<{ streams: Streams; input: string; countries: string }> {
  const [input, countries, out, dead] = ['in', 'countries', 'out', 'dead'].map((name) =>
    uniqueName(name),
  ) as [string, string, string, string];
  for (const topic of [input, countries, out, dead]) await apps.witness.createTopic(topic, 3);
  const builder = new StreamsBuilder();
  const names = builder.globalTable(countries, strings);
  builder
    .stream(input, { ...strings, name: 'read' })
    .mapValues(
      (value) => {
        if (value === 'bad') throw new Error('bad');
        return value;
      },
      { ...strings, name: 'check' },
    )
    .leftJoin(
      names,
      (key) => key,
      (value, country) => `${value} ${country ?? '?'}`,
      { name: 'with-country' },
    )
    .groupBy((_key, value) => value, strings)
    .count({ store: 'by-country' })
    .toStream()
    .to(out);
  const { streams } = apps.create(builder.build(), {
    deadLetterTopic: dead,
    onFailure: { processing: 'deadLetter' },
  });
  return { streams, input, countries };
}

test('figures of two threads add up: records on edges, sizes of stores, a lag that goes to 0', async () => {
  const topics = await createTopics(apps.witness, 4);
  const url = new URL('../testing-support/counts-topology.ts', import.meta.url);
  const { streams } = apps.create({ url, options: { topics } }, { threads: 2 });
  await streams.start();
  await until(() => expect(streams.state).toBe('RUNNING'));
  await sendIds(apps.witness, topics.input, 0, 1000);
  await until(async () => {
    const { edges, topics: lags, stores, threads } = await streams.figures();
    expect(threads.map(({ state, tasks }) => [state, tasks > 0])).toEqual([
      ['RUNNING', true],
      ['RUNNING', true],
    ]);
    // Each id is sent once or more.
    const into = edges.find(({ from }) => from === topics.input);
    expect(into?.records).toBeGreaterThanOrEqual(1000);
    expect(edges.find(({ from }) => from === 'once')?.records).toBe(1000);
    const input = lags.find(({ topic }) => topic === topics.input);
    expect(input).toMatchObject({ partitions: 4, unknown: 0, lag: 0 });
    expect(stores.find(({ store }) => store === 'by-digit')).toMatchObject({ tasks: 4, entries: 10 });
  });
});

test('requests cost little', async () => {
  const { streams } = await appWithEverything();
  await streams.start();
  await until(() => expect(streams.state).toBe('RUNNING'));
  const { url } = await serve(streams);
  await (await fetch(`${url}/topology`)).text();
  const began = performance.now();
  let bytes = 0;
  for (let i = 0; i < 200; i++) bytes = (await (await fetch(`${url}/topology.json`)).text()).length;
  const each = (performance.now() - began) / 200;
  console.log(`topology.json: ${each.toFixed(2)} ms and ${bytes} bytes a request`);
  expect(each).toBeLessThan(20);
});

test('shows in a browser what is processed, a loss of the connection, and the end', async (context) => {
  context.skip(browser === undefined, missing);
  const { streams, input, countries } = await appWithEverything();
  await apps.witness.send(countries, [{ key: 'k1', value: 'fr' }]);
  const { server, url, port } = await serve(streams);
  const { page, complaints } = await openPage(browser as Browser);
  await page.goto(`${url}/topology`);
  await page.getByText(/^CREATED since/).waitFor();
  await page.locator('svg').getByText('not read yet', { exact: true }).first().waitFor();
  await streams.start();
  await page.getByText(/^RUNNING since/).waitFor();
  const records = Array.from({ length: 300 }, (_, i) => ({
    key: `k${i % 3}`,
    value: i % 100 === 7 ? 'bad' : 'v',
  }));
  await apps.witness.send(input, records);
  const row = (table: string, name: string) =>
    page.getByRole('region', { name: table }).getByRole('row').filter({ hasText: name }).first();
  // In the tables …
  const edge = row('Records along edges', input);
  await edge.getByRole('cell', { name: '300', exact: true }).waitFor();
  await row('Records that stopped', 'check').getByRole('cell', { name: '3', exact: true }).waitFor();
  await row('Input topics', input).getByRole('cell', { name: '0', exact: true }).waitFor();
  await row('Stores', 'by-country').getByRole('cell', { name: '2', exact: true }).first().waitFor();
  // … and in the picture.
  const picture = page.locator('svg');
  await picture.getByText('3 dead', { exact: true }).first().waitFor();
  await picture
    .getByText(/^[\d.,]+\/s$/)
    .first()
    .waitFor();
  await picture.getByText(/^2 · [\d.]+ k?B$/).waitFor();
  expect(await picture.getByText(/^lag 0$/).count()).toBeGreaterThan(1);
  const overlapping = `(() => {
    const all = [...document.querySelectorAll('svg text')].filter((text) => text.textContent !== '')
      .map((text) => [text.textContent, text.getBoundingClientRect()]);
    return all.flatMap(([a, p], i) => all.slice(i + 1)
      .filter(([, q]) => p.left < q.right && q.left < p.right && p.top + 2 < q.bottom && q.top + 2 < p.bottom)
      .map(([b]) => a + ' and ' + b));
  })()`;
  expect(await page.evaluate(overlapping)).toEqual([]);
  await expectNoBarriers(page);
  // Fitted and back, the picture still begins with its first topic.
  await page.setViewportSize({ width: 320, height: 600 });
  const beginning = `Math.round(document.querySelector('svg .topic').getBoundingClientRect().left)`;
  await page.reload();
  await page.getByText(/^RUNNING since/).waitFor();
  const left = await page.evaluate(beginning);
  const fit = page.getByRole('button', { name: 'Fit the width' });
  await fit.click();
  await fit.click();
  expect(await page.evaluate(beginning)).toBe(left);
  await page.setViewportSize({ width: 1440, height: 900 });
  // What is wider than the page is reached by the keyboard.
  await page.getByRole('button', { name: 'Fit the width' }).focus();
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe(
    'The picture of the topology',
  );
  expect(complaints.splice(0)).toEqual([]);

  streams.pause();
  await page.getByText('The application is paused: no record is processed.').waitFor();
  streams.resume();
  await page.getByText('The application is paused').waitFor({ state: 'detached' });

  server.close();
  server.closeAllConnections();
  await page
    .getByRole('alert')
    .getByText(/^No connection: the figures are of \d/)
    .waitFor();
  await expectNoBarriers(page);
  await serve(streams, port);
  await page.getByRole('alert').waitFor({ state: 'hidden' });
  complaints.length = 0;

  await streams.close();
  await page.getByText(/^CLOSED since/).waitFor();
  await page.getByText('The application has stopped: these are its last figures.').waitFor();
  expect(await edge.getByRole('cell', { name: '300', exact: true }).count()).toBe(1);
  expect(complaints).toEqual([]);
  await page.context().close();
});

async function shownText(
  url: string,
): Promise<{ page: Awaited<ReturnType<typeof openPage>>['page']; close: () => Promise<void> }> {
  const { page } = await openPage(browser as Browser);
  await page.goto(`${url}/topology`);
  return { page, close: () => page.context().close() };
}

test('draws the topics of a pattern, those too that come while the page is shown', async (context) => {
  context.skip(browser === undefined, missing);
  const [prefix, out] = [uniqueName('pattern'), uniqueName('out')];
  await apps.witness.createTopic(out, 1);
  const builder = new StreamsBuilder();
  builder.stream(new RegExp(`^${prefix}-`), { ...strings, name: 'read' }).to(out);
  const { streams } = apps.create(builder.build(), { metadataMaxAgeMs: 200 });
  await streams.start();
  const { url } = await serve(streams);
  const { page, close } = await shownText(url);
  const picture = page.locator('svg');
  await picture.getByText('no topic read here', { exact: true }).waitFor();
  for (const name of ['a', 'b']) {
    await apps.witness.createTopic(`${prefix}-${name}`, 2);
    await apps.witness.send(`${prefix}-${name}`, [{ key: 'k', value: 'v' }]);
    await picture.locator(`[data-show="partitions"][data-of="${prefix}-${name}"]`).waitFor();
  }
  const row = page.getByRole('region', { name: 'Records along edges' }).getByRole('row');
  await row
    .filter({ hasText: `${prefix}-b` })
    .getByRole('cell', { name: '1', exact: true })
    .waitFor();
  await expectNoBarriers(page);
  await close();
});

test('lags are old once the broker is gone; what is dropped is not in the colour of dead letters', async (context) => {
  context.skip(browser === undefined, missing);
  await using broker = await startBroker();
  const kafka = createKafka({ brokers: [broker.address], clientId: 'test' });
  const topics = ['in', 'dead'].map((name) => ({ name, partitions: 1, replicationFactor: 1, config: {} }));
  await kafka.createTopics(topics);
  await kafka.close();
  const builder = new StreamsBuilder();
  builder
    .stream('in', strings)
    .dedupe({ by: (value) => value, within: '1d', name: 'once' })
    .foreach((_key, value) => {
      if (value === 'bad') throw new Error('bad');
    });
  const { streams } = apps.create(builder.build(), {
    brokers: [broker.address],
    deadLetterTopic: 'dead',
    onFailure: { processing: 'deadLetter' },
  });
  await streams.start();
  await until(() => expect(streams.state).toBe('RUNNING'));
  const { url } = await serve(streams);
  const { page, close } = await shownText(url);
  await using witness = await connectWitness(broker.address);
  await witness.send(
    'in',
    ['v', 'v', 'v', 'bad'].map((value) => ({ key: 'k', value })),
  );
  const picture = page.locator('svg');
  await picture.getByText('2 dropped', { exact: true }).waitFor();
  await picture.getByText('1 dead', { exact: true }).first().waitFor();
  const colours = `['2 dropped', '1 dead'].map((text) => getComputedStyle([...document.querySelectorAll('svg tspan')].find((at) => at.textContent === text)).fill)`;
  const [dropped, dead] = await page.evaluate<string[]>(colours);
  expect(dropped).not.toBe(dead);
  await picture.getByText('lag 0', { exact: true }).waitFor();
  await broker.stop();
  await picture.getByText('lag 0, old', { exact: true }).waitFor();
  await page.getByText('Some lags are old: nothing was fetched of these topics since.').waitFor();
  await page.getByRole('cell', { name: /^0, [\d]+ s ago$/ }).waitFor();
  await expectNoBarriers(page);
  await close();
}, 90_000);
