// The query service's app on pretended surroundings, for tests of what it lets through and how it answers.
import { KnownTypes } from '@activity/catalogue';
import type { EventType } from '@activity/contracts';
import type { TypeFigures } from './types/type-figures.ts';
import { defaultActivityTypes, maxPartitions } from '@activity/contracts';
import type { ErasureReceipt } from '@activity/contracts';
import { createLogger, noPublicKeys } from '@activity/service';
import type { Scope, SessionAuthenticator } from '@activity/service';
import type { Hono } from 'hono';
import { Registry } from 'prom-client';
import { createApp } from './app.ts';
import { signedText } from './http/signed-text.ts';
import type { AuditDeps, AuditDocument } from './routes/audit.ts';
import type { ErasureDeps } from './routes/erasures.ts';
import { cursorCodec, cursorKey, receivedCodec } from './logs/cursor.ts';
import type { LogDocument } from './logs/log-json.ts';
import { AnswerBudget } from './http/budget.ts';
import { createMetrics } from './metrics.ts';
import type { Final } from './logs/received.ts';
import type { PageFiles } from './page/page-files.ts';
import type { FreshnessOf } from './pipeline/freshness.ts';
import type { UserDocument } from './stats/user-store.ts';

/** The moment at which everything in these tests happens. */
export const time: Date = new Date('2026-01-02T03:04:05.678Z');

/** The one log that there is. */
export const log: LogDocument = {
  _id: 1024,
  eventId: 'e',
  userId: 'u',
  activityType: 'LOGIN',
  metadata: { ip: '1.2.3.4' },
  timestamp: time,
  createdAt: time,
};

const user: UserDocument = {
  _id: 'u',
  userId: 'u',
  total: 3,
  byType: { LOGIN: 3 },
  firstSeen: time,
  lastSeen: time,
};

const fresh: FreshnessOf = { asOf: time, version: '', partitions: new Map() };

/** What a test sees and steers. */
export interface TestApp {
  app: Hono;
  /** What the stores were asked. */
  asked: unknown[];
  /** What every read fails with. */
  fault: Error | undefined;
  up: boolean;
  /** Up to where the logs are complete. */
  final: Final | undefined;
  logged: string[];
}

const receipt: ErasureReceipt = {
  _id: 5,
  userId: 'u',
  requestedAt: time,
  erasedAt: time,
  logs: 2,
  heldUntil: { raw: time, enriched: time, deadLetter: null },
  places: [{ place: 'kafka: raw', holds: 'events', until: time }],
  expiresAt: time,
};

const auditLine: AuditDocument = {
  _id: 'line',
  at: time,
  actor: { name: 'ann' },
  action: 'key.created',
  target: 'aaaaaaaaaaaa',
  details: { name: 'web', scopes: ['ingest'] },
};

const known = new KnownTypes(defaultActivityTypes, (type) => type);
const version = { version: 2, schema: { type: 'object' }, createdAt: time.toISOString(), by: 'k' };
const orderType: EventType = {
  name: 'Order, Completed',
  mode: 'warn',
  owner: 'shop',
  revision: 3,
  versions: [version],
  createdAt: time.toISOString(),
  updatedAt: time.toISOString(),
  by: 'k',
};
known.update({ get: () => orderType }, [orderType.name]);

const typeFigures: TypeFigures = {
  last24h: { LOGIN: 1, [orderType.name]: 2 },
  last30d: { LOGIN: 10, [orderType.name]: 20, seen: 5 },
  lastSeen: new Map([
    ['LOGIN', time],
    ['seen', time],
  ]),
  violations: new Map([[orderType.name, 4]]),
  asOf: time,
};

/** What each key may do; others may send events. */
const scopeOf: Record<string, Scope> = { reader: 'read', eraser: 'delete', administrator: 'admin' };

/** Keys are known by what they are called. */
const authenticator: SessionAuthenticator = {
  open: false,
  publicKeys: noPublicKeys,
  identify: (authorization, apiKey) => {
    const key = apiKey ?? authorization?.slice('Bearer '.length);
    if (key === undefined) return undefined;
    return {
      keyId: key,
      scopes: new Set([scopeOf[key] ?? 'ingest']),
    };
  },
  openSession: (key, expiresAt) => (key === 'reader' ? `session-until-${expiresAt}` : undefined),
  identifySession: (token, now) =>
    Number(token.replace('session-until-', '')) > now
      ? { keyId: 'reader', scopes: new Set(['read']) }
      : undefined,
  close: () => {},
};

/** Builds the app; its clock stands still. */
export function testApp({ page }: { page?: PageFiles } = {}): TestApp {
  const registry = new Registry();
  const metrics = createMetrics(registry, { tails: () => 0 });
  async function reading<T>(question: unknown, value: T): Promise<T> {
    test.asked.push(question);
    if (test.fault !== undefined) throw test.fault;
    return value;
  }
  const test: TestApp = {
    asked: [],
    fault: undefined,
    up: true,
    final: { topic: 'raw', offsets: [3, 2], asOf: time },
    logged: [],
    app: createApp({
      gate: {
        isAllowedHost: () => true,
        logger: createLogger('test', 'info', { write: (line) => test.logged.push(line) }),
        metrics,
        authenticator,
        now: () => time.getTime(),
      },
      health: { ping: async () => test.up, registry },
      logs: {
        types: {
          names: () => [...defaultActivityTypes],
          isKnown: (name) => known.get(name) !== undefined,
          isNamed: (name) => known.get(name) !== undefined,
        },
        cursors: cursorCodec(cursorKey('a key of a test', '')),
        store: {
          async read(filter, slice, see) {
            await reading({ filter, ...slice }, undefined);
            see(log);
            return { more: true };
          },
          async readNumbered(filter, range, bounds, see) {
            await reading({ filter, range: { ...range }, ...bounds }, undefined);
            const isOf = range.partitions?.includes(log._id % maxPartitions) ?? true;
            if (isOf && log._id >= range.from && log._id < range.to) see(log);
            return { more: false };
          },
          find: async (id, userId) => reading({ id, userId }, id === 'e' ? log : undefined),
          stored: async () => [],
        },
        totalOf: async () => ({ total: 21, totalIs: 'exact' }),
        awaitLog: async () => false,
        deep: async (work) => work(),
        budget: new AnswerBudget(1_000_000),
      },
      users: {
        users: { find: async (userId) => reading(userId, userId === 'u' ? user : undefined) },
        timeline: async () => ({ buckets: [], madeOf: 'hour', aligned: true }),
        freshness: async () => fresh,
      },
      stats: {
        rollups: {
          cells: async (from, to) => reading({ from, to }, []),
          minutes: async (from, to) => reading({ from, to }, []),
          sum: async (from, to) => reading({ from, to }, { total: 4, byType: { LOGIN: 1, ERROR: 3 } }),
        },
        userStats: {
          top: async (ranking, limit) => reading({ ranking, limit }, []),
          active: async () => ({ daily: 1, weekly: 2, monthly: 3, days: [] }),
          known: async () => 5,
        },
        topUsers: async (from, to, limit) => reading({ from, to, limit }, []),
        stored: async () => 6,
        freshness: async () => fresh,
        now: () => time.getTime(),
      },
      catalogue: {
        unknown: 'refuse',
        catalogue: {
          types: () => known.all(),
          get: (name) => known.get(name),
          isBuiltIn: (name) => known.isBuiltIn(name),
          isRead: () => true,
        },
        reads: {
          figures: async () => reading('types', typeFigures),
          fields: async (name) => reading({ fields: name }, ['a', 'b']),
        },
      },
      pipeline: {
        stages: {
          report: async () => undefined,
          processors: async () => [{ state: 'unreachable' }],
          findInKafka: async () => undefined,
          firstCopy: async () => undefined,
          erasure: async () => undefined,
        },
        ledger: { sums: async () => [], since: async () => [], expired: async () => 0 },
        ping: async () => test.up,
        freshness: async () => fresh,
        losses: async () => [],
        now: () => time.getTime(),
      },
      trace: async ({ eventId, userId }) =>
        reading(
          { trace: eventId, userId },
          {
            eventId,
            userId,
            state: 'unknown',
            raw: null,
            log: null,
            receivedAt: null,
            processedAt: null,
            deleted: null,
            deadLetters: [],
            duplicates: [],
            waiting: null,
            lost: [],
            unanswered: [],
          },
        ),
      erasures: {
        reads: {
          find: async (_operation: string, _receipts: unknown, filter: { _id?: number }) =>
            reading({ receipts: filter }, filter._id === undefined || filter._id === 5 ? [receipt] : []),
        } as unknown as ErasureDeps['reads'],
        receipts: {} as ErasureDeps['receipts'],
        stages: {
          report: async () => undefined,
          erasure: async (id) => {
            if (id === 7) return undefined;
            return id === 6 ? { state: 'accepted', userId: 'u', requestedAt: time.toISOString() } : null;
          },
        },
      },
      audit: {
        reads: {
          find: async (_operation: string, _audit: unknown, filter: unknown, options: unknown) =>
            reading({ audit: filter, options }, [auditLine]),
        } as unknown as AuditDeps['reads'],
        audit: {} as AuditDeps['audit'],
        cursors: signedText(Buffer.from('a key of a test')),
        freshness: async () => fresh,
      },
      tails: { open: () => 0, begin: async () => new ReadableStream() },
      maxTails: 1,
      maxExports: 1,
      received: {
        final: async () => reading('final', test.final),
        offsetsAt: async (at) => reading({ offsetsAt: at }, [1, 0]),
        cursors: receivedCodec(cursorKey('a key of a test', '')),
      },
      ending: new AbortController().signal,
      sessionHours: 1,
      page,
    }),
  };
  return test;
}
