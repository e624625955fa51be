// The edge's app on pretended surroundings, for tests.
import { EventTypes, type Decision, type TypeChanges } from '@activity/catalogue';
import { activityInput, defaultActivityTypes, type TypeRecord } from '@activity/contracts';
import { createHostCheck, createLogger, noPublicKeys } from '@activity/service';
import type { Authenticator, PublicKeys, Readiness, Tracing } from '@activity/service';
import { Registry } from 'prom-client';
import { createApp } from './app.ts';
import type { Change } from './audit/audit-writer.ts';
import type { EdgeApp } from './app.ts';
import { proxyList } from './http/client-address.ts';
import { createCors } from './http/cors.ts';
import { OpenStreams } from './http/open-streams.ts';
import { ReceivedBytes } from './http/received-bytes.ts';
import { noteSender } from './http/sender.ts';
import type { SenderOptions } from './http/sender.ts';
import { createRateLimit } from './http/rate-limits.ts';
import type { WriteResult } from './kafka/partition-lane.ts';
import type { TextRecord } from '@activity/kafka';
import { createMetrics } from './metrics.ts';

/** What a test sees and steers. */
export interface TestEdge {
  /** Asked without a server: by its router. */
  app: EdgeApp['hono'];
  /** The same, for a server. */
  listener: EdgeApp['listener'];
  written: (TextRecord & { partition: number | undefined })[];
  /** What comes of each write; a function decides by the record. */
  result: WriteResult | ((record: TextRecord) => WriteResult);
  readiness: Readiness;
  warning: string | undefined;
  forwarded: Request[];
  /** The changes that were noted, and how many events and commands had been written before each. */
  noted: (Change & { after: number })[];
  /** Thrown where a change is to be noted. */
  noteError: Error | undefined;
  /** The catalogue of types; a change takes effect at once. */
  records: Map<string, TypeRecord>;
  types: EventTypes;
  /** Whether the catalogue has been read. */
  typesRead: boolean;
  registry: Registry;
  logged: string[];
}

/** What a test's edge is set to. */
export interface TestEdgeOptions {
  maxEventBytes?: number;
  queryUrl?: string;
  fetch?: (request: Request) => Promise<Response>;
  authenticator?: Authenticator;
  publicKeys?: PublicKeys;
  origins?: string[];
  hosts?: string[];
  perKey?: number;
  perAddress?: number;
  publicPerAddress?: number;
  tracing?: Tracing;
  unknown?: 'refuse' | 'take';
  sender?: SenderOptions;
}

const now = Date.parse('2026-01-02T03:04:05.678Z');

/** Builds the app; its clock stands still, its ids are `made-id` and `request-id`. */
export function testEdge(options: TestEdgeOptions = {}): TestEdge {
  const registry = new Registry();
  const metrics = createMetrics(registry, {
    inFlight: () => 0,
    waitingBytes: () => 0,
    receivedBytes: () => 0,
    ready: () => true,
    clockAheadMs: () => 0,
  });
  const anyone = { keyId: undefined, scopes: new Set(['ingest', 'read', 'delete', 'admin'] as const) };
  const { publicKeys = noPublicKeys } = options;
  const { queryUrl, fetch: answer = async () => new Response() } = options;
  const edge: Omit<TestEdge, 'app' | 'listener'> = {
    written: [],
    result: { kind: 'written', partition: 2, offset: 5 },
    readiness: { ready: true },
    warning: undefined,
    forwarded: [],
    noted: [],
    noteError: undefined,
    records: new Map(),
    types: new EventTypes({
      builtIn: defaultActivityTypes,
      unknown: options.unknown ?? 'refuse',
      isRead: () => edge.typesRead,
    }),
    typesRead: true,
    registry,
    logged: [],
  };
  const { hono, listener } = createApp({
    gate: {
      logger: createLogger('test', 'info', { write: (line) => edge.logged.push(line) }),
      metrics,
      authenticator: options.authenticator ?? { open: true, identify: () => anyone, close: () => {} },
      publicKeys,
      cors: createCors({ origins: options.origins ?? [], isOriginOfKey: publicKeys.allowOrigin }),
      isAllowedHost: createHostCheck({ open: true, allowed: options.hosts ?? ['*'] }),
      trustedProxies: proxyList([]),
      limitPerKey: createRateLimit({ perSecond: options.perKey ?? 0, burstSeconds: 1, now: () => now }),
      limitPerAddress: createRateLimit({
        perSecond: options.perAddress ?? 0,
        burstSeconds: 1,
        now: () => now,
      }),
      limitPublicPerAddress: createRateLimit({
        perSecond: options.publicPerAddress ?? 0,
        burstSeconds: 1,
        now: () => now,
      }),
      noteSender: noteSender(options.sender ?? { address: 'truncated', userAgent: true }),
      received: new ReceivedBytes({ maxBytes: 33_554_432 }),
      tracing: options.tracing,
      now: () => now,
      newRequestId: () => 'request-id',
      inFlight: { begin: () => {}, end: () => {} },
    },
    publisher: {
      write: (record, partition, tell) => {
        edge.written.push({ ...record, partition });
        tell(typeof edge.result === 'function' ? edge.result(record) : edge.result);
      },
      newId: () => 'made-id',
      metrics,
      maxEventBytes: options.maxEventBytes ?? 32_768,
      rules: { input: activityInput, types: edge.types },
    },
    audit: {
      note: async (change) => {
        if (edge.noteError !== undefined) throw edge.noteError;
        edge.noted.push({ ...change, after: edge.written.length });
      },
    },
    catalogue: { changes: changesOf(edge), isBuiltIn: (name) => edge.types.known.isBuiltIn(name) },
    health: { readiness: () => edge.readiness, registry, warning: () => edge.warning },
    forward:
      queryUrl === undefined
        ? undefined
        : {
            queryUrl,
            streams: new OpenStreams(),
            fetch: async (input, init) => {
              const request = new Request(input, init);
              edge.forwarded.push(request);
              return answer(request);
            },
          },
  });
  return Object.assign(edge, { app: hono, listener });
}

/** Changes without a broker, one after the other. */
function changesOf(edge: Pick<TestEdge, 'records' | 'types'>): TypeChanges {
  const { records, types } = edge;
  const follower = {
    get(name: string) {
      const record = records.get(name);
      return record === undefined || 'deletedAt' in record ? undefined : record;
    },
  };
  const changes: Pick<TypeChanges, 'change' | 'count'> = {
    count: () => records.size,
    async change<Refusal, R extends TypeRecord>(
      name: string,
      decide: (current: TypeRecord | undefined) => Decision<Refusal, R>,
      beforeWrite?: (record: R) => Promise<void>,
    ) {
      const decision = decide(records.get(name));
      if (!('write' in decision)) return decision;
      await beforeWrite?.(decision.write);
      records.set(name, decision.write);
      types.known.update(follower, [name]);
      return decision;
    },
  };
  return changes as TypeChanges;
}
