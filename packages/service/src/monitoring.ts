// A small HTTP server for probes and metrics: /metrics, /livez, /readyz, on a port that clients do not use.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { failureAnswer } from './failure.ts';
import type { Failure } from './failure.ts';
import { scopeRefusal } from './gate.ts';
import { createHostCheck, isLoopback } from './http-host.ts';
import { createHttpServer, listen } from './http-server.ts';
import type { ListeningServer } from './http-server.ts';
import type { Authenticator } from './keys/authenticator.ts';
import { metricsText } from './metrics-text.ts';
import type { ServerTls } from './tls.ts';

/** Whether a process can do its work, and why not. */
export interface Readiness {
  ready: boolean;
  /** What is not ready, for people. */
  reason?: string;
}

/**
 * The route by which another part of the pipeline asks a question;
 * the response is JSON. What it throws is a 500.
 */
export type MonitoringRoute = (query: URLSearchParams) => Promise<{ status: number; body: unknown }>;

/** What the monitoring server shows. */
export interface MonitoringOptions {
  port: number;
  host: string;
  registry: Registry;
  readiness: () => Readiness | Promise<Readiness>;
  /** More GET routes by path, for the pipeline's own parts. */
  routes?: Record<string, MonitoringRoute>;
  /**
   * Whose keys may use `routes`, with the scope `read`; without it they need none. Probes and metrics need
   * none in any case.
   */
  authenticator?: Pick<Authenticator, 'identify'> | undefined;
  /**
   * Serves a page of its own, such as the one of a topology, to whoever reaches the port; returns whether the
   * request was for it.
   */
  page?: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
  /** Without it the port speaks plain HTTP. */
  tls?: ServerTls | undefined;
}

/** A registry with Node's own metrics (memory, event-loop lag, garbage collection). */
export function createRegistry(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}

/**
 * Serves `GET /metrics` (Prometheus text), `GET /livez` (200 while the event loop turns) and `GET /readyz`
 * (200 or 503, with the reason).
 *
 * @throws Error where the port cannot be listened on.
 */
export async function startMonitoring(options: MonitoringOptions): Promise<ListeningServer> {
  const timeouts = { headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000 };
  // Whoever can reach a port on other addresses needs no browser of this machine.
  const isAllowedHost = createHostCheck({ open: isLoopback(options.host) });
  function handle(request: IncomingMessage, response: ServerResponse): void {
    if (!isAllowedHost(request.headers.host)) return fail(response, { kind: 'misdirected' });
    const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
    const refusal = options.routes?.[path] && refuse(request, options.authenticator);
    if (refusal !== undefined) return fail(response, refusal);
    respond(path, query, options, request, response).catch((error: unknown) => {
      if (!response.headersSent)
        send(response, 500, 'application/json', JSON.stringify({ error: 'Internal server error' }));
      else response.destroy(error instanceof Error ? error : undefined);
    });
  }
  const server = createHttpServer(timeouts, handle, options.tls);
  return listen(server, options.port, options.host);
}

function refuse(
  { headers }: IncomingMessage,
  authenticator: MonitoringOptions['authenticator'],
): Failure | undefined {
  if (authenticator === undefined) return undefined;
  const apiKey = headers['x-api-key'];
  const identity = authenticator.identify(
    headers.authorization,
    typeof apiKey === 'string' ? apiKey : undefined,
  );
  return scopeRefusal('read', identity);
}

function fail(response: ServerResponse, failure: Failure): void {
  const { status, headers, body } = failureAnswer(failure);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  send(response, status, 'application/json', JSON.stringify(body));
}

async function respond(
  path: string,
  query: string,
  options: MonitoringOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const route = options.routes?.[path];
  if (path === '/metrics') {
    send(response, 200, options.registry.contentType, await metricsText(options.registry));
  } else if (path === '/livez') {
    send(response, 200, 'application/json', '{"status":"ok"}');
  } else if (path === '/readyz') {
    const { ready, reason } = await options.readiness();
    const body = ready ? { status: 'ok' } : { status: 'unavailable', reason };
    send(response, ready ? 200 : 503, 'application/json', JSON.stringify(body));
  } else if (route !== undefined) {
    const { status, body } = await route(new URLSearchParams(query));
    send(response, status, 'application/json', JSON.stringify(body));
  } else if (!(await options.page?.(request, response))) {
    send(response, 404, 'application/json', '{"error":"Path not found"}');
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
