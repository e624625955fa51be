// Kafka Connect's REST API, as far as the registrar and the supervisor need it.
import { z } from 'zod';

/** Connect answered with an error, or not at all. */
class ConnectError extends Error {
  /** The HTTP status; undefined where there was no answer. */
  readonly status: number | undefined;

  constructor(doing: string, status: number | undefined, reason: string, options?: ErrorOptions) {
    super(`${doing}: ${reason}`, options);
    this.name = 'ConnectError';
    this.status = status;
  }
}

const state = z.object({ state: z.string(), worker_id: z.string(), trace: z.string().optional() });
const connectorStatus = z.object({
  name: z.string(),
  connector: state,
  tasks: z.array(state.extend({ id: z.number() })),
});
const statuses = z.record(z.string(), z.object({ status: connectorStatus }));
const validation = z.object({
  error_count: z.number(),
  configs: z.array(z.object({ value: z.object({ name: z.string(), errors: z.array(z.string()) }) })),
});

/** What Connect says of one connector. */
export type ConnectorStatus = z.output<typeof connectorStatus>;

/** What the supervisor asks of Connect. */
export interface ConnectClient {
  /** Whether the worker has started and answers. */
  healthy: () => Promise<boolean>;
  /** The configuration of a connector; undefined where there is none of the name. */
  config: (name: string) => Promise<Record<string, string> | undefined>;
  putConfig: (name: string, config: Record<string, string>) => Promise<void>;
  /** What the plug-in finds wrong with a configuration, line by line. */
  validate: (plugin: string, config: Record<string, string>) => Promise<string[]>;
  statuses: () => Promise<ConnectorStatus[]>;
  /** Restarts what has failed of a connector, and nothing else of it. */
  restartFailed: (name: string) => Promise<void>;
}

/**
 * Who to be at the worker, where it asks for that; and how long a call may take:
 * validating alone may take 10 s.
 */
export interface ConnectClientOptions {
  username?: string | undefined;
  password?: string | undefined;
  timeoutMs?: number;
}

/** A client of the worker at `url`. */
export function createConnectClient(
  url: string,
  { username, password, timeoutMs = 20_000 }: ConnectClientOptions = {},
): ConnectClient {
  const credentials = Buffer.from(`${username}:${password ?? ''}`).toString('base64');
  const headers = {
    'content-type': 'application/json',
    ...(username !== undefined && { authorization: `Basic ${credentials}` }),
  };

  async function call(doing: string, method: string, path: string, body?: unknown): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${url}${path}`, {
        method,
        headers,
        signal: AbortSignal.timeout(timeoutMs),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (error) {
      const { message, cause } = error as Error;
      const why = cause instanceof Error ? cause.message || cause.name : message;
      throw new ConnectError(doing, undefined, `Kafka Connect at ${url} does not answer (${why})`, {
        cause: error,
      });
    }
    if (response.status === 401) {
      const remedy = 'check CONNECT_USERNAME and CONNECT_PASSWORD';
      throw new ConnectError(doing, 401, `Kafka Connect at ${url} does not know this user; ${remedy}`);
    }
    if (!response.ok)
      throw new ConnectError(doing, response.status, `${response.status} ${text.slice(0, 500)}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  return {
    healthy: async () =>
      call('asking for health', 'GET', '/health').then(
        () => true,
        () => false,
      ),
    async config(name) {
      try {
        const found = await call(
          `reading connector ${name}`,
          'GET',
          `/connectors/${encodeURIComponent(name)}/config`,
        );
        return z.record(z.string(), z.string()).parse(found);
      } catch (error) {
        if (error instanceof ConnectError && error.status === 404) return undefined;
        throw error;
      }
    },
    async putConfig(name, config) {
      await call(
        `registering connector ${name}`,
        'PUT',
        `/connectors/${encodeURIComponent(name)}/config`,
        config,
      );
    },
    async validate(plugin, config) {
      const path = `/connector-plugins/${encodeURIComponent(plugin)}/config/validate`;
      const { configs } = validation.parse(await call(`validating a ${plugin}`, 'PUT', path, config));
      return configs.flatMap(({ value }) => value.errors.map((error) => `${value.name}: ${error}`));
    },
    async statuses() {
      const found = statuses.parse(await call('reading the connectors', 'GET', '/connectors?expand=status'));
      return Object.values(found).map(({ status }) => status);
    },
    async restartFailed(name) {
      const path = `/connectors/${encodeURIComponent(name)}/restart?includeTasks=true&onlyFailed=true`;
      await call(`restarting connector ${name}`, 'POST', path);
    },
  };
}
