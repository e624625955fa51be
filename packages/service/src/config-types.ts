// The kinds of value that environment variables have, as zod types.
import { z } from 'zod';

/** A whole number between the bounds. */
export function integer(
  fallback: number,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): z.ZodType<number> {
  return z
    .string()
    .regex(/^-?\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().int().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
    .default(fallback);
}

/** A TCP port; 0 lets the system choose one. */
export function portNumber(fallback: number): z.ZodType<number> {
  return integer(fallback, 0, 65_535);
}

/** A TCP port, or nothing. */
export function optionalPort(): z.ZodType<number | undefined> {
  return z
    .string()
    .regex(/^\d{1,5}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().max(65_535, 'must be at most 65535'))
    .optional();
}

/** `a:1,b:2` as a list of `host:port`. */
export function hostList(fallback: string): z.ZodType<string[]> {
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(
      z
        .array(
          z
            .string()
            .regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:,/]+):\d{1,5}$/, 'must be host:port, separated by commas'),
        )
        .min(1),
    )
    .default(fallback.split(','));
}

/** A comma-separated list of texts, by default empty. */
export function textList(): z.ZodType<string[]> {
  return z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .default([]);
}

/** How record batches are compressed. */
export function compression(fallback: 'gzip' | 'zstd'): z.ZodType<'none' | 'gzip' | 'lz4' | 'zstd'> {
  return z.enum(['none', 'gzip', 'lz4', 'zstd']).default(fallback);
}

/** An http or https URL without a trailing slash. */
export function httpUrl(fallback: string): z.ZodType<string> {
  return httpUrlText.default(fallback);
}

/** An http or https URL, or nothing. */
export function optionalHttpUrl(): z.ZodType<string | undefined> {
  return httpUrlText.optional();
}

const httpUrlText = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
  .transform((url) => url.replace(/\/+$/, ''));

/** One or more http or https URLs without trailing slashes, separated by commas. */
export function httpUrlList(fallback: string): z.ZodType<string[]> {
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(httpUrlText).min(1))
    .default([fallback]);
}

/** A MongoDB connection string that names its database. */
export function mongoUri(fallback: string): z.ZodType<string> {
  return z
    .string()
    .regex(/^mongodb(\+srv)?:\/\/[^/]+\/[^/?]+(\?|$)/, 'must be mongodb://host:port/database?options')
    .default(fallback);
}

/** The deployment's kind. */
export function nodeEnv(): z.ZodType<'development' | 'test' | 'production'> {
  return z.enum(['development', 'test', 'production']).default('development');
}

/** pino's levels. */
export function logLevel(): z.ZodType<'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'> {
  return z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info');
}
