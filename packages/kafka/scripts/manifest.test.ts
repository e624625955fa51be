// The manifest's two forms: packing and unpacking leaves every byte where it was.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { manifestIn } from './manifest.ts';

const text = readFileSync(join(import.meta.dirname, '../../streams/package.json'), 'utf8');

interface Exports {
  exports: { [path: string]: string | { types: string; default: string } };
}

describe('the manifest', () => {
  test('in the repository leads to the sources', () => {
    expect((JSON.parse(text) as Exports).exports['./testing']).toBe('./src/testing/index.ts');
  });

  test('published leads to dist, by the same paths', () => {
    const published = (JSON.parse(manifestIn('published', text)) as Exports).exports;
    expect(published['./testing']).toEqual({
      types: './dist/testing/index.d.ts',
      default: './dist/testing/index.js',
    });
    expect(Object.keys(published)).toEqual(Object.keys((JSON.parse(text) as Exports).exports));
  });

  test('comes back to every byte, however often it is asked to', () => {
    const published = manifestIn('published', text);
    expect(published).not.toBe(text);
    expect(manifestIn('published', published)).toBe(published);
    expect(manifestIn('source', published)).toBe(text);
    expect(manifestIn('source', text)).toBe(text);
  });
});
