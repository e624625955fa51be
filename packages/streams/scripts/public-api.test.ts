// Whatever the package exports is documented where it is declared.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { publicItems } from './public-api.ts';

const src = join(import.meta.dirname, '..', 'src');

describe.each(['index.ts', join('testing', 'index.ts')])('what %s exports', (entry) => {
  const items = publicItems(join(src, entry));

  test('has docstrings, its methods too', () => {
    expect(items.filter(({ documented }) => !documented).map(({ name }) => name)).toEqual([]);
  });

  test('is found', () => {
    expect(items.map(({ name }) => name)).toEqual(
      expect.arrayContaining(
        entry === 'index.ts' ? ['KStream.filter', 'Streams.start'] : ['TopologyTestDriver.crash'],
      ),
    );
  });
});
