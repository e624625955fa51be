// The page as it is served: what is drawn of a topology, what is escaped, and which requests it serves.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { joinWindows } from '../dsl/join-windows.ts';
import type { StreamsDescription } from '../streams.ts';
import { documentOf } from './document.ts';
import { layOut, wrap } from './layout.ts';
import { pictureOf } from './picture.ts';
import { topologyPage, type ShownStreams } from './topology-page.ts';

const strings = { key: stringSerde, value: stringSerde };
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function described(): StreamsDescription {
  const builder = new StreamsBuilder();
  const countries = builder.globalTable('countries', strings);
  const users = builder.table('users', { ...strings, name: 'users' });
  const clicks = builder.stream('<script>alert(1)</script>', { ...strings, name: 'clicks' });
  const views = builder.stream('views', { ...strings, name: 'views' });
  clicks
    .join(users, (a, b) => a + b, { name: 'with-user' })
    .leftJoin(
      countries,
      (_key, value) => value,
      (value) => value,
      { name: 'with-country' },
    )
    .to('out', { ...strings, name: 'write' });
  const windows = joinWindows({ within: '1m', grace: 0 });
  clicks
    .join(views, (a, b) => a + b, windows, { ...strings, otherValue: stringSerde, name: 'both' })
    .selectKey((_key, value) => value)
    .groupByKey(strings)
    .count({ store: 'counts' });
  const applicationId = 'app & "more"';
  return {
    applicationId,
    topology: builder.build(),
    deadLetterTopic: 'dead',
    internalTopicPrefix: applicationId,
  };
}

test('draws topics, sub-topologies, joins with both inputs, global tables, repartition topics, dead letters', () => {
  const { parts, boxes, arrows } = pictureOf(described());
  const inner = parts.flatMap((part) => part.arrows);
  const into = (id: string): string[] =>
    inner.filter(({ to }) => to === id).map(({ kind, from }) => `${kind} ${from}`);
  expect(into('node:with-user').map((text) => text.split(' ')[0])).toEqual(['records', 'reads']);
  expect(into('node:with-country')).toEqual([
    'records node:with-user',
    expect.stringMatching(/^reads global:.*:0$/),
  ]);
  expect(into('node:both')).toHaveLength(2);
  expect(boxes.map(({ kind, name }) => `${kind} ${name}`)).toEqual(
    expect.arrayContaining(['topic countries', 'topic users', 'topic out', 'deadLetters dead']),
  );
  const own = boxes.find(({ kind }) => kind === 'repartition');
  expect(arrows.filter(({ to, from }) => own && [to, from].includes(own.id))).toHaveLength(2);
  expect(arrows.filter(({ kind }) => kind === 'deadLetters').map(({ from }) => from)).toEqual([
    'part:0',
    'part:1',
  ]);
});

test('no box covers another, boxes of a sub-topology lie in its frame, and every arrow is drawn', () => {
  const picture = pictureOf(described());
  const { boxes, parts, arrows } = layOut(picture);
  for (const [i, a] of boxes.entries())
    for (const b of boxes.slice(i + 1)) {
      const isApart =
        a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
      expect([a.box.id, b.box.id, isApart]).toEqual([a.box.id, b.box.id, true]);
    }
  for (const { part, x, y, width, height } of parts)
    for (const { id } of part.boxes) {
      const box = boxes.find((placed) => placed.box.id === id);
      const isInside =
        box && box.x >= x && box.x + box.width <= x + width && box.y >= y && box.y + box.height <= y + height;
      expect([id, isInside]).toEqual([id, true]);
    }
  const drawn = picture.arrows.length + picture.parts.reduce((sum, part) => sum + part.arrows.length, 0);
  expect(arrows).toHaveLength(drawn);
});

test('names are shown as text, whatever they are', () => {
  const html = documentOf(described(), 'topology');
  expect(html).not.toContain('<script>alert');
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(html).toContain('app &amp; &quot;more&quot;');
  // The policy of the page forbids both.
  expect(html).not.toMatch(/ style=| on\w+=/);
});

test('long names are wrapped after a separator, and cut where they have too many lines', () => {
  expect(wrap('short', 10)).toEqual(['short']);
  expect(wrap('KSTREAM-AGGREGATE-STATE-STORE-0000000016', 20)).toEqual([
    'KSTREAM-AGGREGATE-',
    'STATE-STORE-',
    '0000000016',
  ]);
  expect(wrap('x'.repeat(100), 10)).toEqual(['xxxxxxxxxx', 'xxxxxxxxxx', 'xxxxxxxxxx', 'xxxxxxxxx…']);
});

async function serve(shown: ShownStreams): Promise<string> {
  const page = topologyPage(shown, { path: '/shown' });
  const server = createServer((request, response) => {
    void page(request, response).then((isServed) => {
      if (!isServed) response.writeHead(404).end();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('serves the page, its files and the figures, under a policy without inline scripts, and nothing else', async () => {
  const figures = { state: 'RUNNING' } as never;
  const url = await serve({ describe: async () => described(), figures: async () => figures });
  const types = new Map<string, string | null>();
  const bodies: string[] = [];
  for (const ending of ['', '.js', '.css', '.json']) {
    const response = await fetch(`${url}/shown${ending}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; /,
    );
    types.set(ending, response.headers.get('content-type'));
    bodies.push(await response.text());
  }
  expect(JSON.parse(bodies[3] ?? '')).toEqual(figures);
  expect([...types.values()]).toEqual([
    'text/html; charset=utf-8',
    'text/javascript; charset=utf-8',
    'text/css; charset=utf-8',
    'application/json',
  ]);
  expect((await fetch(`${url}/shown.js.map`)).status).toBe(404);
  expect((await fetch(`${url}/shown/../x`)).status).toBe(404);
  expect((await fetch(`${url}/shown`, { method: 'POST' })).status).toBe(405);
  expect(await (await fetch(`${url}/shown`, { method: 'HEAD' })).text()).toBe('');
});

test('a topology that cannot be loaded is 503, without the reason', async () => {
  const url = await serve({
    describe: () => Promise.reject(new Error('secret')),
    figures: () => Promise.reject(new Error('secret')),
  });
  const response = await fetch(`${url}/shown`);
  expect([response.status, await response.text()]).toEqual([503, expect.not.stringContaining('secret')]);
});
