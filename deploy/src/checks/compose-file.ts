// docker-compose.yml as data: what it uses of the format, and nothing else, so that a misspelt key is found.
import { z } from 'zod';
import { documentsOf, read } from './sources.ts';

const duration = z.string().regex(/^\d+(ms|s|m)$/);

const service = z.strictObject({
  profiles: z.array(z.string()).default([]),
  image: z.string(),
  build: z.strictObject({ context: z.literal('.'), target: z.string() }).optional(),
  command: z.array(z.string()).optional(),
  hostname: z.string().optional(),
  network_mode: z
    .string()
    .regex(/^service:/)
    .optional(),
  user: z.string().optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  tmpfs: z.array(z.string()).default([]),
  healthcheck: z
    .strictObject({
      test: z.array(z.string()),
      interval: duration,
      timeout: duration,
      retries: z.number(),
      start_period: duration,
    })
    .optional(),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({
        condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']),
      }),
    )
    .default({}),
  restart: z.string(),
  init: z.boolean(),
  read_only: z.boolean(),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  stop_grace_period: duration.optional(),
});

const composeFile = z
  .object({
    name: z.string(),
    services: z.record(z.string(), service),
    volumes: z.record(z.string(), z.null()),
  })
  .catchall(z.unknown());

/** A service of the file. */
export type ComposeService = z.output<typeof service>;

/** The file. */
export type ComposeFile = z.output<typeof composeFile>;

/**
 * Reads a compose file, with variables at their defaults.
 *
 * @throws Error where it is not one, or uses what this schema does not know.
 */
export function readCompose(text: string = read('docker-compose.yml')): ComposeFile {
  const parsed = composeFile.safeParse(withDefaults(documentsOf(text)[0]));
  if (!parsed.success) throw new Error(`reading docker-compose.yml: ${z.prettifyError(parsed.error)}`);
  const { name, services, volumes, ...rest } = parsed.data;
  const unknown = Object.keys(rest).filter((key) => !key.startsWith('x-'));
  if (unknown.length > 0) throw new Error(`reading docker-compose.yml: unknown ${unknown.join(', ')}`);
  return { name, services, volumes };
}

/** As compose does it: in texts that are already apart, so that `${X:-true}` is a text too. */
function withDefaults(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
  if (Array.isArray(value)) return value.map(withDefaults);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withDefaults(one)]));
}
