// The plan of a web shop's days: who visits, what they do, and which client sends it. The same seed
// gives the same plan, but for the day that it ends on.
import { randomOf } from '@activity/testbed/testing/random';
import type { ShopCall } from './calls.ts';
import { invoiceSent, lateType } from './shop-types.ts';

/** How much is planned. */
export interface PlanOptions {
  /** Calls in all, those that are refused among them. */
  events: number;
  seed: number;
  /** Before when everything happened, in epoch milliseconds. */
  until: number;
}

/** What one browser does, from one page to the next. */
export interface Visit {
  anonymousId: string;
  /** The calls of each page that is opened. */
  pages: ShopCall[][];
}

/** What each client is made. */
export interface ShopPlan {
  /** Browsers of visitors. */
  visits: Visit[];
  /** A browser of a crawler: many page views, and events that the schemas refuse. */
  crawl: Visit;
  /** A phone that was offline. */
  offline: Visit;
  /** A phone that was offline, and whose clock is hours slow. */
  slowClock: Visit;
  /** An app that keeps whole requests and sends them later. */
  outbox: ShopCall[];
  /** What the shop's server sends before their type is registered. */
  unregistered: ShopCall[];
  /** What the shop's server sends: the second half has a field that only a newer schema has. */
  server: [ShopCall[], ShopCall[]];
}

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const spanDays = 5;
/** The longest that a visit takes, with what comes of it. */
const longestMs = 3 * hour;
const oddIds = ['zoë+shop@example.com', 'a|b', '100%', '$ref', 'first.last', '注文 7', '__proto__x', '..'];
const agents = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
];

/** How many calls a crawler makes on one page. */
const callsOfPage = 20;

function inPieces<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}

/** Makes the plan. */
export function planShop({ events, seed, until }: PlanOptions): ShopPlan {
  const random = randomOf(seed);
  const today = Math.floor(until / day) * day;
  const pick = (n: number): number => Math.floor(random() * n);
  const oneOf = <T>(list: readonly T[]): T => list[pick(list.length)] as T;
  const share = (part: number): number => Math.ceil(events * part);
  const customers = Array.from({ length: share(1 / 60) }, (_, i) => oddIds[i] ?? `customer-${seed}-${i}`);
  let refs = 0;
  let orders = 0;
  let visitors = 0;

  type Who = Pick<ShopCall, 'user' | 'anonymous'>;
  const nobody = (): Who => ({ user: `visitor-${seed}-${visitors++}`, anonymous: true });
  const customer = (): Who => ({
    user: customers[Math.floor(random() ** 2 * customers.length)] ?? '',
    anonymous: false,
  });

  function call(kind: ShopCall['kind'], who: Who, time: number | undefined, properties: object): ShopCall {
    const ref = refs++;
    return { ref, kind, ...who, ...(time !== undefined && { time }), properties: { ref, ...properties } };
  }

  function track(name: string, who: Who, time: number | undefined, properties: object): ShopCall {
    return { ...call('track', who, time, properties), name };
  }

  /** A time of the days before, more by day than by night: of the same day and hour for the same seed. */
  function begin(): number {
    const daysAgo = 1 + pick(spanDays);
    for (;;) {
      const ofDay = pick(day);
      if (random() > 0.3 + 0.7 * Math.sin((ofDay / day) * Math.PI)) continue;
      const time = today - daysAgo * day + ofDay;
      return time + day < until - longestMs ? time + day : time;
    }
  }

  /** A time in the middle of an hour: it stays in its hour when it is moved by minutes. */
  const midHour = (): number => Math.floor(begin() / hour) * hour + 20 * minute + pick(20 * minute);

  const priceOf = (sku: number): number => 199 + ((sku * 3_733) % 20_000);
  const product = (): object => {
    const sku = pick(60);
    const list = random() < 0.3 && { list: oneOf(['search', 'sale', 'home']) };
    return { sku: `sku-${sku}`, price: priceOf(sku) / 100, ...list };
  };
  function cart(): { items: object[]; total: number } {
    const chosen = Array.from({ length: 1 + pick(4) }, () => ({ sku: pick(60), quantity: 1 + pick(3) }));
    const cents = chosen.reduce((sum, { sku, quantity }) => sum + priceOf(sku) * quantity, 0);
    return {
      items: chosen.map(({ sku, quantity }) => ({ sku: `sku-${sku}`, quantity })),
      total: cents / 100,
    };
  }
  const path = (): string => oneOf(['/', '/sale', '/search', '/cart', '/sku/7']);

  /** An order with what comes of it: an invoice, sometimes a refund of a part. */
  function order(who: Who, time: number): ShopCall[] {
    const orderId = `order-${orders++}`;
    const { items, total } = cart();
    const currency = oneOf(['EUR', 'EUR', 'USD', 'JPY']);
    const paid = currency === 'JPY' ? Math.round(total) : total;
    const made = [
      track('Order Completed', who, time, { orderId, currency, total: paid, items }),
      track(invoiceSent, who, time + minute, { orderId, email: 'buyer@example.com' }),
    ];
    if (random() > 0.2) return made;
    const amount = random() < 0.5 ? paid : currency === 'JPY' ? 1 : 0.99;
    const reason = oneOf(['damaged', 'too late', 'other']);
    const back = Math.min(until - minute, time + pick(2 * day));
    return [...made, track('Order Refunded', who, back, { orderId, currency, amount, reason })];
  }

  /** What a browser does on one page. */
  function browse(who: Who, clock: () => number | undefined): ShopCall[] {
    const seen = Array.from({ length: 1 + pick(4) }, () => track('Product Viewed', who, clock(), product()));
    const updated = random() < 0.5 ? [track('Cart Updated', who, clock(), cart())] : [];
    return [call('page', who, clock(), { path: path() }), ...seen, ...updated];
  }

  /** A visit, and what the server does of it. Some are of just now: the client's clock gives the times. */
  function visit(): { visit: Visit; server: ShopCall[] } {
    let time = begin();
    const isLive = random() < 0.15;
    const clock = (): number | undefined => (isLive ? undefined : (time += 1_000 + pick(2 * minute)));
    const visitor = nobody();
    if (isLive) return { visit: { anonymousId: visitor.user, pages: [browse(visitor, clock)] }, server: [] };
    const pages = Array.from({ length: 1 + pick(2) }, () => browse(visitor, clock));
    if (random() < 0.5) return { visit: { anonymousId: visitor.user, pages }, server: [] };
    const known = customer();
    const method = oneOf(['password', 'passkey']);
    const loggedIn = [
      call('identify', known, clock(), { plan: oneOf(['basic', 'gold']) }),
      track('Signed In', known, clock(), { method }),
      ...browse(known, clock),
    ];
    pages.push(loggedIn, browse(known, clock));
    return { visit: { anonymousId: visitor.user, pages }, server: order(known, time + minute) };
  }

  /** A visitor without JavaScript, of whom the server sends the events. */
  function withoutScript(): ShopCall[] {
    const who = random() < 0.4 ? nobody() : customer();
    const context = { userAgent: oneOf(agents), ip: `203.0.113.${pick(256)}`, locale: 'en-GB' };
    let time = begin();
    const calls = browse(who, () => (time += 1_000 + pick(2 * minute)));
    const bought = !who.anonymous && random() < 0.3 ? order(who, time + minute) : [];
    return [...calls, ...bought].map((one) => ({ ...one, context }));
  }

  /** What robots send that have looked at the page's program. */
  function nonsense(who: Who): ShopCall {
    const time = begin();
    const [name, properties, refused] = oneOf([
      ['Product Viewed', { ...product(), price: 'free' }, 'metadata.price'],
      ['Product Viewed', { sku: 'sku-1' }, 'metadata.price'],
      ['Cart Updated', { ...cart(), total: -1 }, 'metadata.total'],
      ['Cart Updated', { ...cart(), admin: true }, 'metadata.admin'],
      ['Signed In', { method: "' OR 1=1" }, 'metadata.method'],
    ] as const);
    return { ...track(name, who, time, properties), refused };
  }

  function phone(count: number, time: () => number): Visit {
    const who = nobody();
    const calls = Array.from({ length: count }, () => track('Product Viewed', who, time(), product()));
    return { anonymousId: who.user, pages: [calls] };
  }

  function shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((one) => [random(), one] as const)
      .toSorted(([a], [b]) => a - b)
      .map(([, one]) => one);
  }

  const crawler = nobody();
  const crawled = Array.from({ length: share(0.03) }, (_, index) =>
    index % 4 === 3 ? nonsense(crawler) : call('page', crawler, begin(), { path: `/sku/${index}` }),
  );
  const unregistered = Array.from({ length: share(0.01) }, () =>
    track(lateType, customer(), begin(), { code: 'SPRING', percent: 5 * (1 + pick(4)) }),
  );
  const [offline, slowClock] = [phone(share(0.01), begin), phone(share(0.01), midHour)];
  const outboxUser = customer();
  const outbox = Array.from({ length: share(0.01) }, () =>
    track('Cart Updated', outboxUser, midHour(), cart()),
  );
  const visits: Visit[] = [];
  const server: ShopCall[] = [];
  const before = refs;
  const planned = (): number => refs - before;
  while (planned() < share(0.28)) {
    const made = visit();
    visits.push(made.visit);
    server.push(...made.server);
  }
  while (before + planned() < events) server.push(...withoutScript());
  const mixed = shuffled(server);
  const half = Math.ceil(mixed.length / 2);
  const newer = mixed.slice(half).map((one) => {
    if (one.name === 'Order Completed') one.properties['gift'] = one.ref % 2 === 0;
    return one;
  });
  newer.push(track(lateType, customer(), begin(), { code: 'SUMMER', percent: 15 }));
  return {
    visits,
    crawl: { anonymousId: crawler.user, pages: inPieces(crawled, callsOfPage) },
    offline,
    slowClock,
    outbox,
    unregistered,
    server: [mixed.slice(0, half), newer],
  };
}
