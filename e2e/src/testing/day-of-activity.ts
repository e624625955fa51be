// A day as an application sees it: some users do much, most do little, by day more than by night.
import { randomOf } from '@activity/testbed/testing/random';

/** One event as a client posts it. */
export interface DayEvent {
  eventId: string;
  userId: string;
  activityType: string;
  timestamp: string;
  metadata: Record<string, unknown>;
}

const types: [type: string, share: number][] = [
  ['PAGE_VIEW', 0.5],
  ['BUTTON_CLICK', 0.2],
  ['API_CALL', 0.12],
  ['FORM_SUBMIT', 0.06],
  ['LOGIN', 0.05],
  ['LOGOUT', 0.04],
  ['ERROR', 0.03],
];
const names =
  'ada.lovelace grace.hopper alan.turing katherine.johnson edsger.dijkstra barbara.liskov donald.knuth margaret.hamilton radia.perlman hedy.lamarr annie.easley dennis.ritchie frances.allen claude.shannon jean.bartik ken.thompson mary.jackson sophie.wilson lynn.conway niklaus.wirth'.split(
    ' ',
  );
const agents = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
];
const pages = ['/', '/pricing', '/docs/start', '/account', '/search'];
const spanMs = 23 * 3_600_000;

/** `count` events of the 23 hours before `until`, the earliest first. */
export function dayOfActivity(count: number, until: number): DayEvent[] {
  const random = randomOf(5);
  function at(): number {
    for (;;) {
      const time = until - random() * spanMs;
      // Quiet in the fourth hour before the end, busy half a day from there.
      const busy = Math.sin((((until - time) / 3_600_000 - 4) / 24) * Math.PI) ** 2;
      if (random() < 0.2 + 0.8 * busy) return time;
    }
  }
  function type(): string {
    let left = random();
    return types.find(([, share]) => (left -= share) < 0)?.[0] ?? 'PAGE_VIEW';
  }
  const times = Array.from({ length: count }, at).toSorted((a, b) => a - b);
  return times.map((time, index) => {
    const user = Math.floor(names.length * random() ** 2);
    return {
      eventId: `day-${index}`,
      userId: names[user] ?? '',
      activityType: type(),
      timestamp: new Date(time).toISOString(),
      metadata: {
        path: pages[index % pages.length],
        userAgent: agents[user % agents.length],
        ip: `203.0.113.${user}`,
      },
    };
  });
}

/** Posts events in their order. Fails where one is not accepted. */
export async function postBatch(edge: string, events: readonly DayEvent[]): Promise<void> {
  for (let from = 0; from < events.length; from += 200) {
    const lines = events.slice(from, from + 200).map((event) => JSON.stringify(event));
    const answer = await fetch(`${edge}/api/logs/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.join('\n'),
    });
    const { refused } = (await answer.json()) as { refused: number };
    if (refused !== 0) throw new Error(`${refused} of a batch were refused`);
  }
}
