// What the API answers, as far as the page reads it.

/** Events by type. */
export type ByType = Record<string, number>;

/** GET /api/session */
export interface Session {
  signedIn: boolean;
  keysNeeded: boolean;
}

/** One log. */
export interface Log {
  _id: number;
  eventId: string;
  userId: string;
  activityType: string;
  metadata: Record<string, unknown>;
  timestamp: string;
  createdAt: string;
  receivedAt?: string;
  session?: number;
  client?: { browser?: string; os?: string; device?: string };
  bot?: boolean;
  place?: { country?: string; city?: string };
  late?: boolean;
  clamped?: boolean;
}

/** GET /api/logs */
export interface LogPage {
  data: Log[];
  pagination: { total: number; totalIs: 'exact' | 'estimate'; next: string | null; prev: string | null };
}

/** GET /api/stats/overview */
export interface Overview {
  events: { total: number; last5m: number; last1h: number; last24h: number };
  byType: ByType;
  users: { known: number; daily: number; weekly: number; monthly: number };
  asOf: string | null;
}

/** The length of a timeline's buckets. */
export type Interval = 'minute' | 'hour' | 'day';

/** GET /api/stats/timeline and /api/users/:userId/timeline */
export interface Timeline {
  interval: Interval;
  buckets: { start: string; total: number; byType: ByType }[];
  asOf: string | null;
}

/** GET /api/stats/top-users */
export interface TopUsers {
  users: { userId: string; total: number; lastSeen?: string }[];
}

/** GET /api/users/:userId/activity */
export interface UserActivity {
  userId: string;
  total: number;
  byType: ByType;
  rolling?: { last5m: number; last1h: number; last24h: number };
  firstSeen?: string;
  lastSeen?: string;
  asOf: string | null;
}

/** What became of raw records. */
export type Ledger = Record<
  'enriched' | 'duplicate' | 'deadLettered' | 'command' | 'late' | 'deleted' | 'erased',
  number
>;

/** GET /api/pipeline */
export interface Pipeline {
  healthy: boolean;
  processor: {
    instances: { state: 'ready' | 'not-ready' | 'unreachable'; reason?: string }[];
    lag: number | null;
  };
  sinks: { connector: string; state: string; tasks: string[]; lag: number; asOf: string | null }[] | null;
  mongodb: { ready: boolean };
  ledger: Ledger;
  lastHour: Ledger;
  erasures: { waiting: number; kept: number } | null;
  lost: Loss[];
  asOf: string | null;
}

/** What retention deleted before it was read: offsets from `from` to before `to`. */
export interface Loss {
  topic: string;
  partition: number;
  from: number;
  to: number;
  noticedAt: string;
}

/** A place in the raw topic. */
export interface RawPosition {
  partition: number;
  offset: number;
}

/** GET /api/events/:eventId/trace */
export interface Trace {
  state: 'stored' | 'deleted' | 'erased' | 'dead-lettered' | 'processed' | 'lost' | 'accepted' | 'unknown';
  raw: RawPosition | null;
  log: number | null;
  receivedAt: string | null;
  processedAt: string | null;
  deleted: { at: string | null; by: number } | null;
  deadLetters: {
    raw: RawPosition;
    reason: string;
    message: string;
    at: string;
    duplicateOf: number | null;
  }[];
  duplicates: { raw: RawPosition; duplicateOf: number }[];
  waiting: { stage: 'processor' | 'sink'; recordsBefore: number | null } | null;
  lost: Loss[];
  unanswered: string[];
}
