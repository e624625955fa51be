import { expect, test } from 'vitest';
import { typeOf } from './catalogue.fixture.ts';
import { KnownTypes } from './known-types.ts';

test('a built-in type is known without a catalogue, and stays when its entry there is deleted', () => {
  const made: string[] = [];
  const types = new KnownTypes(['LOGIN'], (known) => {
    made.push(`${known.name} ${known.version}`);
    return known;
  });
  const catalogue = new Map([
    ['LOGIN', typeOf('LOGIN', 3)],
    ['__proto__', typeOf('__proto__', 1)],
  ]);
  const follower = { get: (name: string) => catalogue.get(name) };
  expect(types.get('LOGIN')).toMatchObject({ version: 0, mode: 'off', type: undefined });
  expect(types.get('__proto__')).toBeUndefined();

  types.update(follower, ['LOGIN', '__proto__']);
  expect(types.names()).toEqual(['LOGIN', '__proto__']);
  expect(types.get('LOGIN')?.version).toBe(3);
  expect(types.isBuiltIn('LOGIN')).toBe(true);

  catalogue.clear();
  types.update(follower, ['LOGIN', '__proto__']);
  expect(types.names()).toEqual(['LOGIN']);
  expect(types.get('LOGIN')?.version).toBe(0);
  expect(made).toEqual(['LOGIN 0', 'LOGIN 3', '__proto__ 1', 'LOGIN 0']);
});
