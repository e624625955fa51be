// Whether what the benchmark compares returns the same: the service, skip and limit, pipelines over the logs.
import type { Collection, Document } from 'mongodb';

/** What is compared. */
export interface Compared {
  url: string;
  logs: Collection;
  /** Users whose counts are read. */
  users: readonly string[];
  /** The same page by cursor and by its number. */
  pages: { cursor: string; page: number };
}

interface Page {
  data: { _id: number }[];
}

interface Timeline {
  buckets: { start: string; total: number }[];
}

async function getJson<Body>(url: string): Promise<Body> {
  return (await (await fetch(url)).json()) as Body;
}

/** As text, so that it can be compared; without what is 0. */
function textOf(totals: Iterable<readonly [string, number]>): string {
  return [...totals]
    .filter(([, total]) => total !== 0)
    .map(([name, total]) => `${name} ${total}`)
    .toSorted()
    .join(', ');
}

async function grouped(logs: Collection, match: Document, by: Document | string): Promise<string> {
  const stages = [{ $match: match }, { $group: { _id: by, total: { $sum: 1 } } }];
  const found = await logs.aggregate<{ _id: string | Date; total: number }>(stages).toArray();
  return textOf(found.map(({ _id, total }) => [_id instanceof Date ? _id.toISOString() : _id, total]));
}

const day = { $dateTrunc: { date: '$timestamp', unit: 'day' } };

async function timelineOf(url: string): Promise<string> {
  const { buckets } = await getJson<Timeline>(`${url}/timeline?interval=day`);
  return textOf(buckets.map(({ start, total }) => [new Date(start).toISOString(), total]));
}

/** Reads each of them both ways; returns a line for each that differs. */
export async function disagreements({ url, logs, users, pages }: Compared): Promise<string[]> {
  const wrong: string[] = [];
  function same(what: string, one: string, other: string): void {
    if (one !== other || one === '')
      wrong.push(`${what}: ${one.slice(0, 200)} is not ${other.slice(0, 200)}`);
  }
  const byCursor = await getJson<Page>(`${url}/api/logs?limit=100&cursor=${pages.cursor}`);
  const byNumber = await getJson<Page>(`${url}/api/logs?limit=100&page=${pages.page}`);
  const idsOf = ({ data }: Page): string => data.map(({ _id }) => _id).join();
  same(`page ${pages.page}, by cursor and by number`, idsOf(byCursor), idsOf(byNumber));
  for (const userId of users) {
    const { byType } = await getJson<{ byType: Record<string, number> }>(
      `${url}/api/users/${userId}/activity`,
    );
    same(
      `activity of ${userId}`,
      textOf(Object.entries(byType)),
      await grouped(logs, { userId }, '$activityType'),
    );
    same(
      `timeline of ${userId}`,
      await timelineOf(`${url}/api/users/${userId}`),
      await grouped(logs, { userId }, day),
    );
  }
  same('timeline of all', await timelineOf(`${url}/api/stats`), await grouped(logs, {}, day));
  return wrong;
}
