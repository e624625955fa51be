// The registrar: brings Connect's connectors to what the files say, and touches nothing that already is.
import type { Logger } from '@activity/service';
import type { ConnectClient } from './connect-client.ts';
import type { Connector } from './connectors.ts';

/**
 * A connector's configuration that the plug-in refuses. It says so as well while MongoDB is away, which it
 * looks up to validate the connection.
 */
export class InvalidConnectorError extends Error {
  constructor(name: string, problems: readonly string[]) {
    super([`connector ${name} is not valid:`, ...problems.map((problem) => `  ${problem}`)].join('\n'));
    this.name = 'InvalidConnectorError';
  }
}

/** What registering one connector came to. */
export type Registration = 'created' | 'updated' | 'unchanged';

/**
 * Creates or updates one connector. The plug-in validates the configuration first (it connects to MongoDB for
 * that, so MongoDB must be there); one that stands as it is, is left alone.
 *
 * @throws InvalidConnectorError where the plug-in finds it wrong. ConnectError where Connect does not answer.
 */
export async function register(client: ConnectClient, { name, config }: Connector): Promise<Registration> {
  const wanted = { ...config, name };
  const current = await client.config(name);
  if (current !== undefined && sameConfig(current, wanted)) return 'unchanged';
  const plugin = config['connector.class']?.split('.').at(-1) ?? '';
  const problems = await client.validate(plugin, wanted);
  if (problems.length > 0) throw new InvalidConnectorError(name, problems);
  await client.putConfig(name, wanted);
  return current === undefined ? 'created' : 'updated';
}

/** Registers all connectors, one after the other. */
export async function registerAll(
  client: ConnectClient,
  connectors: readonly Connector[],
  logger: Logger,
): Promise<void> {
  for (const connector of connectors) {
    const registration = await register(client, connector);
    const level = registration === 'unchanged' ? 'debug' : 'info';
    logger[level]({ connector: connector.name, registration }, 'connector registered');
  }
}

function sameConfig(current: Record<string, string>, wanted: Record<string, string>): boolean {
  const names = Object.keys(wanted);
  return (
    names.length === Object.keys(current).length && names.every((name) => current[name] === wanted[name])
  );
}
