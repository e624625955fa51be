// A project is made where there is room for it, under a name that npm takes.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createApp } from './create-app.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'create-app-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ownManifest = readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8');
const { version } = JSON.parse(ownManifest) as { version: string };

describe('a project', () => {
  test('has the name of its folder, and needs the version that is released with the template', () => {
    const path = createApp(join(folder, 'word-count'));
    const manifest: unknown = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    expect(manifest).toMatchObject({
      name: 'word-count',
      dependencies: { '@activity/streams': `^${version}` },
    });
    expect(readFileSync(join(path, 'src', 'main.ts'), 'utf8')).toContain("applicationId: 'word-count'");
  });

  test('has no placeholder left, and a .gitignore', () => {
    const path = createApp(join(folder, 'one'));
    const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(['.gitignore', 'topology.test.ts']));
    const texts = files.map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'));
    expect(texts.filter((text) => /app-name|app-version/.test(text))).toEqual([]);
  });

  test('may be made in a folder that is there and empty', () => {
    const path = join(folder, 'twice');
    createApp(path);
    expect(() => createApp(path)).toThrow('is not empty: name a folder that is');
  });
});

test('files of others are not touched', () => {
  const path = join(folder, 'full');
  mkdirSync(path);
  writeFileSync(join(path, 'mine'), '');
  expect(() => createApp(path)).toThrow('is not empty');
  expect(readdirSync(path)).toEqual(['mine']);
});

test.each(['Word', 'a b', '.hidden'])('%s is no name', (name) => {
  expect(() => createApp(join(folder, name))).toThrow('cannot be the name of a package');
});
