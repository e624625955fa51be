import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensurePasswords } from './passwords.ts';
import { checkMode } from './security.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'security-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

test('data is begun secure or not at all', () => {
  for (const secure of [true, false]) expect(() => checkMode(folder, secure)).not.toThrowError();
  mkdirSync(join(folder, 'kafka'));
  expect(() => checkMode(folder, false)).not.toThrowError();
  expect(() => checkMode(folder, true)).toThrowError('start it without --secure');
  mkdirSync(join(folder, 'secure'));
  expect(() => checkMode(folder, true)).not.toThrowError();
  expect(() => checkMode(folder, false)).toThrowError('npm start -- --secure');
});

test('passwords are kept; one whose file is gone is made again', () => {
  const first = ensurePasswords(folder);
  const [query, sink] = [first.of('mongodb-query'), first.of('mongodb-sink')];
  expect(query).toMatch(/^[\w-]{32}$/);
  expect(query).not.toBe(sink);
  rmSync(first.fileOf('mongodb-query'));
  const second = ensurePasswords(folder);
  expect(second.of('mongodb-sink')).toBe(sink);
  expect(second.of('mongodb-query')).not.toBe(query);
  expect(existsSync(`${first.fileOf('mongodb-query')}.new`)).toBe(false);
});
