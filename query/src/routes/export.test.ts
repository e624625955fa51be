import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { log, testApp, time } from '../app.fixture.ts';

const headers = { 'x-api-key': 'reader' };

test('export after export: each begins where the one before has ended', async () => {
  const test1 = testApp();
  async function get(since: string, more = ''): Promise<Response> {
    return test1.app.request(`/api/logs/export?since=${encodeURIComponent(since)}${more}`, { headers });
  }
  const first = await get('start', '&limit=2');
  expect((await first.text()).split('\n')).toHaveLength(2);
  expect([first.headers.get('export-more'), first.headers.get('export-complete-until')]).toEqual([
    'true',
    null,
  ]);
  const cursor = first.headers.get('export-cursor') ?? '';
  test1.asked.length = 0;
  const second = await get(cursor);
  expect(await second.text()).toBe('');
  expect([second.headers.get('export-more'), second.headers.get('export-complete-until')]).toEqual([
    'false',
    time.toISOString(),
  ]);
  // Of the five records two were exported before.
  expect(test1.asked).toContainEqual(
    expect.objectContaining({ range: { from: 2_048, to: 3_072, partitions: [0] } }),
  );
  test1.final = { topic: 'raw', offsets: [3, 2], asOf: time };
  const third = await get(second.headers.get('export-cursor') ?? '');
  expect(await third.text()).toBe('');

  test1.asked.length = 0;
  await (await get('2026-01-01T00:00:00Z')).text();
  expect(test1.asked).toContainEqual({ offsetsAt: new Date('2026-01-01T00:00:00Z') });
  test1.final = { topic: 'another', offsets: [9], asOf: time };
  expect(await (await get(cursor)).json()).toMatchObject({
    details: [{ field: 'since', message: expect.stringContaining('export again from start') }],
  });
  expect((await get(`${cursor}x`)).status).toBe(400);
  expect((await get('start', '&sort=oldest')).status).toBe(400);
  test1.final = undefined;
  const unknown = await get('start');
  expect([unknown.status, unknown.headers.get('retry-after')]).toEqual([503, '5']);
  test1.final = { topic: 'raw', offsets: [0, 0], asOf: time };
  expect((await get('start')).status).toBe(200);
});

test('gzip: for who takes it, or as a file', async () => {
  const { app } = testApp();
  async function get(query: string, accepts?: string): Promise<[Headers, Buffer]> {
    const response = await app.request(`/api/logs/export?limit=1${query}`, {
      headers: { ...headers, ...(accepts !== undefined && { 'accept-encoding': accepts }) },
    });
    return [response.headers, Buffer.from(await response.arrayBuffer())];
  }
  const [plainHeaders, plain] = await get('');
  expect(plainHeaders.get('content-encoding')).toBeNull();
  expect(JSON.parse(plain.toString())).toMatchObject({ eventId: log.eventId });
  for (const accepts of ['gzip, br', 'br;q=1, gzip;q=0.5']) {
    const [packedHeaders, packed] = await get('', accepts);
    expect(packedHeaders.get('content-encoding')).toBe('gzip');
    expect(gunzipSync(packed)).toEqual(plain);
  }
  for (const accepts of ['br', 'gzip;q=0', 'identity']) expect((await get('', accepts))[1]).toEqual(plain);
  const [fileHeaders, file] = await get('&gzip=true&format=csv', 'gzip');
  expect([fileHeaders.get('content-type'), fileHeaders.get('content-encoding')]).toEqual([
    'application/gzip',
    null,
  ]);
  expect(fileHeaders.get('content-disposition')).toContain('.csv.gz"');
  expect(gunzipSync(file).toString()).toMatch(/^_id,eventId,/);
  const [parquetHeaders, parquet] = await get('&format=parquet', 'gzip');
  expect(parquetHeaders.get('content-encoding')).toBeNull();
  expect(parquet.subarray(0, 4).toString()).toBe('PAR1');
});
