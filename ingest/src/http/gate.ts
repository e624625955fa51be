// The gate that every request passes, however it came: request id, CORS, key, rate limit; then the route.
import type { BlockList } from 'node:net';
import { failureAnswer, failureOf, requestIdOf, scopeRefusal, secureHeaders } from '@activity/service';
import type {
  Authenticator,
  Failure,
  HostCheck,
  Identity,
  Logger,
  ObserveRequest,
  PublicKeys,
  Tracing,
} from '@activity/service';
import type { EdgeMetrics } from '../metrics.ts';
import { addressGroup, clientAddress } from './client-address.ts';
import type { Cors } from './cors.ts';
import { promised } from './edge-request.ts';
import type { Answer, EdgeRequest, Handled, HeaderReader, PlainAnswer } from './edge-request.ts';
import { holderOf, keyInBody, originRefusal } from './public-key.ts';
import { limitHeaders } from './rate-limits.ts';
import type { RateLimit } from './rate-limits.ts';
import type { RequestBody } from './read-body.ts';
import type { ReceivedBytes } from './received-bytes.ts';
import type { Route } from './route.ts';
import type { NoteSender } from './sender.ts';
import { traceHeaders } from './trace-context.ts';
import { traced } from './traced.ts';

/** What the gate needs. */
export interface GateDeps {
  logger: Logger;
  metrics: EdgeMetrics;
  authenticator: Authenticator;
  publicKeys: PublicKeys;
  cors: Cors;
  /** Whether the edge goes by the name that a request asks for. */
  isAllowedHost: HostCheck;
  trustedProxies: BlockList | undefined;
  limitPerKey: RateLimit | undefined;
  limitPerAddress: RateLimit | undefined;
  /** Limits what an address sends with public keys. */
  limitPublicPerAddress: RateLimit | undefined;
  /** Notes who sends with a public key. */
  noteSender: NoteSender;
  /** What bodies hold together. */
  received: ReceivedBytes;
  now: () => number;
  /** Makes a request's id where the client gave none. */
  newRequestId: () => string;
  /** Undefined: no spans are recorded. */
  tracing: Tracing | undefined;
  /** Told of each request's beginning and end. */
  inFlight: { begin: () => void; end: () => void };
}

/** One call of the edge: a request as it came, and the route that it goes to. */
export interface EdgeCall<A extends Answer> {
  method: string;
  header: HeaderReader;
  remoteAddress: string | undefined;
  /** The key in the URL, where there is one. */
  keyInUrl: string | undefined;
  body: RequestBody;
  route: Pick<Route, 'path' | 'scope' | 'charged' | 'keyInBody'>;
  handle: (request: EdgeRequest) => Handled<A>;
  observe: ObserveRequest;
}

/**
 * Lets a call in and through to its handler, or refuses it. Calls back once, with the answer, and the headers
 * that it has beside its own. Without promises of its own: each costs a request more than most checks do.
 */
export function pass<A extends Answer>(
  call: EdgeCall<A>,
  deps: GateDeps,
  respond: (answer: A | PlainAnswer, headers: Record<string, string>) => void,
): void {
  const started = performance.now();
  const id = requestIdOf(call.header('x-request-id'), deps.newRequestId);
  const headers: Record<string, string> = { ...secureHeaders, 'x-request-id': id };
  let finished = false;
  deps.inFlight.begin();

  function finish(answer: A | PlainAnswer): void {
    if (finished) return;
    finished = true;
    call.body.release();
    deps.inFlight.end();
    call.observe(answer.status, (performance.now() - started) / 1_000);
    respond(answer, headers);
  }

  function fail(error: unknown): void {
    const failure = failureOf(error);
    if (failure.kind === 'internal') {
      deps.logger.error({ err: error, requestId: id, route: call.route.path }, 'request failed');
    }
    finish(failureAnswer(failure));
  }

  try {
    const answer = admitted(call, deps, id, headers);
    if (typeof answer === 'function') answer(finish, fail);
    else if (answer instanceof Promise) void answer.then(finish, fail);
    else finish(answer);
  } catch (error) {
    fail(error);
  }
}

/** Lets a call in, or refuses it. Adds headers of the answer to `headers`. */
function admitted<A extends Answer>(
  call: EdgeCall<A>,
  deps: GateDeps,
  id: string,
  headers: Record<string, string>,
): Handled<A | PlainAnswer> {
  const { method, header, route } = call;
  if (!deps.isAllowedHost(header('host'))) return failureAnswer({ kind: 'misdirected' });
  const origin = header('origin');
  if (deps.authenticator.open && method !== 'GET' && isForeign(method, origin, header, deps.cors)) {
    return failureAnswer({
      kind: 'forbidden',
      message: 'the request comes from a page of another site: list its origin in CORS_ORIGINS',
    });
  }
  if (origin !== undefined) {
    if (method === 'OPTIONS') return { status: 204, headers: deps.cors.preflight(origin) ?? {}, body: null };
    Object.assign(headers, deps.cors.headers(origin));
  }
  const identity = deps.authenticator.identify(header('authorization'), header('x-api-key'));
  if (identity === undefined && route.scope === 'ingest') return byPublicKey(call, deps, id, headers);
  return enter(call, deps, { id, headers, identity, paidPublic: 0, keyed: undefined });
}

/** What is known of a request when its sender is. */
interface Entering {
  id: string;
  /** Of the answer. */
  headers: Record<string, string>;
  identity: Identity | undefined;
  /** How many events the limit of public keys has been charged for. */
  paidPublic: number;
  /** A body that had a key in it, without it. */
  keyed: Record<string, unknown> | undefined;
}

/** Looks for a public key in the URL, then in the body, where no header has one. */
async function byPublicKey<A extends Answer>(
  call: EdgeCall<A>,
  deps: GateDeps,
  id: string,
  headers: Record<string, string>,
): Promise<A | PlainAnswer> {
  const { header, keyInUrl, route, body } = call;
  const { publicKeys, limitPublicPerAddress } = deps;
  if (header('authorization') !== undefined || header('x-api-key') !== undefined) return unauthorized();
  if (keyInUrl !== undefined) {
    const holder = holderOf(keyInUrl, publicKeys);
    if ('kind' in holder) return failureAnswer(holder);
    return promised(enter(call, deps, { id, headers, identity: holder, paidPublic: 0, keyed: undefined }));
  }
  if (route.keyInBody === undefined || !publicKeys.any) return unauthorized();
  // Nobody is known yet: what reading costs counts against the address.
  const allowance = limitPublicPerAddress?.take(addressGroup(addressOf(call, deps)), 1);
  if (allowance?.allowed === false) {
    Object.assign(headers, limitHeaders(allowance));
    return tooMany(allowance.retryAfterSeconds, deps);
  }
  const found = keyInBody(await body.read(route.keyInBody));
  body.release();
  if (found === undefined) return unauthorized();
  const holder = holderOf(found.key, publicKeys);
  if ('kind' in holder) return failureAnswer(holder);
  return promised(enter(call, deps, { id, headers, identity: holder, paidPublic: 1, keyed: found.rest }));
}

function unauthorized(): PlainAnswer {
  return failureAnswer({ kind: 'unauthorized' });
}

function tooMany(retryAfterSeconds: number, { metrics }: GateDeps): PlainAnswer {
  metrics.refused('limited', 1);
  return failureAnswer({ kind: 'too-many-requests', retryAfterSeconds });
}

function addressOf(
  { remoteAddress, header }: Pick<EdgeCall<Answer>, 'remoteAddress' | 'header'>,
  { trustedProxies }: GateDeps,
): string {
  return clientAddress(remoteAddress, header('x-forwarded-for'), trustedProxies);
}

/** Lets a known sender through, within the limits. */
function enter<A extends Answer>(
  call: EdgeCall<A>,
  deps: GateDeps,
  { id, headers, identity, paidPublic, keyed }: Entering,
): Handled<A | PlainAnswer> {
  const { header, body, route, handle } = call;
  const refusal = scopeRefusal(route.scope, identity);
  if (refusal !== undefined) return failureAnswer(refusal);
  const isPublic = identity?.origins !== undefined;
  if (isPublic) {
    const foreign = originRefusal(identity, header('origin'));
    if (foreign !== undefined) return failureAnswer(foreign);
  }

  const address = addressOf(call, deps);

  let paid = 0;

  /** Each limit in its turn, until one refuses. The headers are those of the last one. */
  function charge(events: number): Failure | undefined {
    const { limitPerAddress, limitPerKey, limitPublicPerAddress } = deps;
    let last = limitPerAddress?.take(addressGroup(address), events, paid);
    if (isPublic && last?.allowed !== false) {
      const before = Math.max(paid, paidPublic);
      last = limitPublicPerAddress?.take(addressGroup(address), events, before) ?? last;
    }
    if (identity?.keyId !== undefined && last?.allowed !== false)
      last = limitPerKey?.take(identity.keyId, events, paid) ?? last;
    if (last !== undefined) Object.assign(headers, limitHeaders(last));
    if (last?.allowed === false)
      return { kind: 'too-many-requests', retryAfterSeconds: last.retryAfterSeconds };
    paid = events;
    return undefined;
  }

  if (route.charged ?? route.scope !== undefined) {
    const limited = charge(1);
    if (limited !== undefined) {
      deps.metrics.refused('limited', 1);
      return failureAnswer(limited);
    }
  }
  const request: EdgeRequest = {
    id,
    receivedAt: deps.now(),
    identity: identity ?? nobody,
    address,
    trace: traceHeaders(header('traceparent'), header('tracestate')),
    charge,
    header,
    body,
    keyed,
    sender: isPublic ? deps.noteSender(address, header('user-agent')) : undefined,
  };
  return deps.tracing === undefined
    ? handle(request)
    : traced(deps.tracing, { method: call.method, path: route.path }, request, handle);
}

/**
 * Whether a page of another site sends this. Browsers say where a request comes from, and send some kinds
 * without asking first whether they may. Where keys are needed, such a page has none.
 */
function isForeign(method: string, origin: string | undefined, header: HeaderReader, cors: Cors): boolean {
  if (method === 'HEAD' || method === 'OPTIONS') return false;
  if (origin !== undefined) {
    return cors.headers(origin) === undefined && URL.parse(origin)?.host !== header('host');
  }
  const site = header('sec-fetch-site');
  return site === 'cross-site' || site === 'same-site';
}

const nobody: Identity = { keyId: undefined, scopes: new Set() };

/** The text of a body, as it is or as JSON, and its type among the headers. */
export function bodyText({ headers: own, body }: PlainAnswer, headers: Record<string, string>): string {
  headers['content-type'] = 'application/json';
  Object.assign(headers, own);
  return typeof body === 'string' ? body : JSON.stringify(body);
}
