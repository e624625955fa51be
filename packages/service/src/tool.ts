// What every tool of the command line does alike: arguments, `.env`, servers that are not there, and errors
// in one line.
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { ConfigError, type Environment } from './load-config.ts';
import { reasonOf } from './refusals.ts';

/** The arguments were not understood, or help was asked for: the text to print, and the exit code. */
export class UsageError extends Error {
  readonly exitCode: number;

  constructor(text: string, exitCode: number) {
    super(text);
    this.name = 'UsageError';
    this.exitCode = exitCode;
  }
}

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<O extends Options> = ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>>;

/** What a tool takes. */
export interface ArgumentsSpec<O extends Options> {
  /** What `--help` prints: the call, what it does, each option. */
  usage: string;
  /** As `parseArgs` of `node:util` takes them; `--help` is understood everywhere. */
  options?: O;
  /** How many arguments that are no options it takes. Default 0. */
  positionals?: number;
  /** The exit code where the arguments are not understood. Default 1. */
  usageCode?: number;
}

/**
 * Parses a command line.
 *
 * @throws UsageError with the usage for `--help`; for what is not understood, with its name and the options
 * that there are.
 */
export function parseArguments<const O extends Options = Options>(
  { usage, options, positionals: most = 0, usageCode = 1 }: ArgumentsSpec<O>,
  args: readonly string[],
): Pick<Parsed<O>, 'values' | 'positionals'> {
  const known = { ...options, help: { type: 'boolean', short: 'h' } } as const;
  function refuse(why: string): never {
    const names = Object.keys(known).map((name) => `--${name}`);
    throw new UsageError(`${why}; the options are: ${names.join(', ')}\n\n${usage}`, usageCode);
  }
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options: known, allowPositionals: true, tokens: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const [unknown] = /'-[^']*'/.exec(message) ?? [];
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') refuse(`unknown option ${unknown ?? ''}`);
    refuse(message.split('\n')[0] ?? '');
  }
  const given = new Set<string>();
  for (const token of parsed.tokens) {
    if (token.kind !== 'option') continue;
    // The last would win, and the others would be lost without a word.
    const isRepeatable = (known as Options)[token.name]?.multiple === true;
    if (given.has(token.name) && !isRepeatable) refuse(`--${token.name} is given twice`);
    given.add(token.name);
  }
  if (parsed.values.help === true) throw new UsageError(usage, 0);
  const [extra] = parsed.positionals.slice(most);
  if (extra !== undefined) refuse(`unexpected argument '${extra}'`);
  return parsed as unknown as Pick<Parsed<O>, 'values' | 'positionals'>;
}

/**
 * {@link parseArguments} of this process.
 * It prints the usage and ends the process where that is asked for or needed.
 */
export function readArguments<const O extends Options = Options>(
  spec: ArgumentsSpec<O>,
): Pick<Parsed<O>, 'values' | 'positionals'> {
  try {
    return parseArguments(spec, process.argv.slice(2));
  } catch (error) {
    return fail(error);
  }
}

const root = join(import.meta.dirname, '..', '..', '..');

/** Reads the root's `.env` into the environment, where there is one. What is set already stays. */
export function loadEnvFile(): void {
  const file = join(root, '.env');
  if (existsSync(file)) process.loadEnvFile(file);
}

/**
 * The environment of a tool: with `.env`, and with the addresses of the local stack where only its ports are
 * set. So `npm run ledger` looks at the stack that `npm start` starts with the same `.env`.
 */
export function toolEnvironment(environment: Environment = process.env): Environment {
  if (environment === process.env) loadEnvFile();
  const { KAFKA_PORT: kafka, MONGO_PORT: mongo } = environment;
  const inFile = (name: string): boolean => Boolean(environment[`${name}_FILE`]?.trim());
  return {
    ...(kafka !== undefined && !inFile('KAFKA_BROKERS') && { KAFKA_BROKERS: `127.0.0.1:${kafka}` }),
    ...(mongo !== undefined &&
      !inFile('MONGODB_URI') && { MONGODB_URI: `mongodb://127.0.0.1:${mongo}/activity?replicaSet=rs0` }),
    // What is set to nothing counts as not set.
    ...Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim())),
  };
}

/** A server that a tool needs. */
export interface Contact {
  /** What it is called: `Kafka`. */
  name: string;
  /** `host:port`, one or more. */
  addresses: readonly string[];
  /** The variable that names it. */
  variable: string;
  /** A first request. */
  ask: () => Promise<unknown>;
  /** How long the reply may take, in milliseconds. Default 5,000. */
  withinMs?: number;
}

/**
 * Makes sure that a server is there, before a client retries for long.
 *
 * @throws Error in one line, which names the server, where it was looked for, and the remedy.
 */
export async function contact({ name, addresses, variable, ask, withinMs = 5_000 }: Contact): Promise<void> {
  const where = addresses.join(', ');
  const remedy = `start it (npm start), or set ${variable}`;
  const knocks = await Promise.allSettled(addresses.map(async (address) => knock(address, withinMs)));
  if (knocks.every(({ status }) => status === 'rejected')) {
    const [first] = knocks;
    const reason = first?.status === 'rejected' ? reasonOf(first.reason) : '';
    throw new Error(`${name} at ${where} cannot be reached (${reason}): ${remedy}`);
  }
  const late = new AbortController();
  try {
    await Promise.race([
      ask(),
      sleep(withinMs, undefined, { signal: late.signal }).then(() => {
        throw new Error(`${name} at ${where} does not reply within ${withinMs / 1_000} s: ${remedy}`);
      }),
    ]);
  } finally {
    late.abort();
  }
}

async function knock(address: string, withinMs: number): Promise<void> {
  const { hostname, port } = new URL(`tcp://${address}`);
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
  socket.setTimeout(withinMs);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (error: NodeJS.ErrnoException) => reject(new Error(error.code ?? error.message)));
      socket.once('timeout', () => reject(new Error('ETIMEDOUT')));
    });
  } finally {
    socket.destroy();
  }
}

/**
 * Runs a tool. What it throws is printed in one line, and the process ends with 1, whatever still retries.
 */
export async function runTool(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): never {
  const text = error instanceof UsageError || error instanceof ConfigError ? error.message : reasonOf(error);
  if (error instanceof UsageError && error.exitCode === 0) console.log(text);
  else console.error(text);
  process.exit(error instanceof UsageError ? error.exitCode : 1);
}
