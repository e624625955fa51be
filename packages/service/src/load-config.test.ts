import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { hostList, httpUrl, integer, mongoUri, optionalHttpUrl, portNumber } from './config-types.ts';
import { ConfigError, parseConfig, variablesOf } from './load-config.ts';

const schema = z.object({
  PORT: portNumber(3000).describe('HTTP port'),
  BROKERS: hostList('127.0.0.1:9092').describe('Kafka brokers'),
  URL: optionalHttpUrl().describe('another service'),
  DB: mongoUri('mongodb://127.0.0.1:27017/activity').describe('MongoDB'),
});

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    parseConfig(schema, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('parseConfig', () => {
  test('gives every variable its default', () => {
    expect(parseConfig(schema, {})).toEqual({
      PORT: 3000,
      BROKERS: ['127.0.0.1:9092'],
      DB: 'mongodb://127.0.0.1:27017/activity',
    });
  });

  test('takes what is set, and an empty value as not set', () => {
    const config = parseConfig(schema, { PORT: ' 80 ', BROKERS: 'a:1, [::1]:2', URL: '', OTHER: 'x' });
    expect(config).toMatchObject({ PORT: 80, BROKERS: ['a:1', '[::1]:2'] });
    expect(config.URL).toBeUndefined();
  });

  test('takes a value out of the file that …_FILE names', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    try {
      const file = join(folder, 'db');
      writeFileSync(file, 'mongodb://u:p@h/db\n');
      expect(parseConfig(schema, { DB_FILE: file }).DB).toBe('mongodb://u:p@h/db');
      expect(parseConfig(schema, { DB_FILE: file, DB: '' }).DB).toBe('mongodb://u:p@h/db');
      expect(problemsOf({ DB_FILE: file, DB: 'mongodb://h/other' })).toEqual([
        'DB_FILE: must not be set where DB is set too',
      ]);
      expect(problemsOf({ DB_FILE: join(folder, 'none'), PORT: 'x' })).toEqual([
        'DB_FILE: the file cannot be read (ENOENT)',
        'PORT: must be a whole number (HTTP port)',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('reports all problems at once, with what each variable is for and without its value', () => {
    const problems = problemsOf({
      PORT: 'eighty',
      BROKERS: 'a',
      URL: 'ftp://secret',
      DB: 'mongodb://user:secret@h',
    });
    expect(problems).toEqual([
      'PORT: must be a whole number (HTTP port)',
      'BROKERS: must be host:port, separated by commas (Kafka brokers)',
      'URL: must be an http:// or https:// URL (another service)',
      'DB: must be mongodb://host:port/database?options (MongoDB)',
    ]);
  });

  test.each([
    ['65536', 'must be at most 65535'],
    ['-1', 'must be at least 0'],
    ['1e3', 'must be a whole number'],
    ['0x10', 'must be a whole number'],
  ])('refuses the port %s', (PORT, message) => {
    expect(problemsOf({ PORT })).toEqual([`PORT: ${message} (HTTP port)`]);
  });

  test('takes the slash off the end of a URL', () => {
    expect(parseConfig(z.object({ A: httpUrl('http://h') }), { A: 'http://x:1/' }).A).toBe('http://x:1');
  });
});

describe('variablesOf', () => {
  test('lists names, purposes and defaults as they would be written', () => {
    expect(variablesOf(schema).map((variable) => Object.values(variable).join('|'))).toEqual([
      'PORT|HTTP port|3000',
      'BROKERS|Kafka brokers|127.0.0.1:9092',
      'URL|another service|',
      'DB|MongoDB|mongodb://127.0.0.1:27017/activity',
    ]);
  });

  test('insists on a description and a default', () => {
    expect(() => variablesOf(z.object({ A: integer(1, 0) }))).toThrow('A has no description');
    expect(() => variablesOf(z.object({ A: z.string().describe('a') }))).toThrow('A has no default');
  });
});
