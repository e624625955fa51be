import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LinearPattern } from './linear-pattern.ts';

/** Patterns made of parts, over few characters, so that they often match. */
const { pattern } = fc.letrec<{ pattern: string; atom: string; part: string; sequence: string }>((tie) => ({
  atom: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', '\\s', '\\.', 'é') },
    { weight: 1, arbitrary: fc.constantFrom('^', '$', '\\b', '\\p{L}', '\\u{1F600}', '\\u0061') },
    { weight: 1, arbitrary: tie('pattern').map((text) => `(?:${text})`) },
  ),
  part: fc
    .tuple(tie('atom'), fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,3}', '{2,}', '*?'))
    .map(([atom, times]) => (/^(\^|\$|\\b|\\B)$/.test(atom) ? atom : atom + times)),
  sequence: fc.array(tie('part'), { maxLength: 4 }).map((parts) => parts.join('')),
  pattern: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('|')),
}));

function isSmall(source: string): boolean {
  try {
    return new LinearPattern(source).steps > 0;
  } catch {
    return false;
  }
}

// Without characters of two code units: V8 looks for matches in the middle of some.
test('matches what RegExp matches', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', ' ', '.', 'é', '\n'), maxLength: 8 });
  fc.assert(
    fc.property(pattern.filter(isSmall), text, (source, tried) => {
      const linear = new LinearPattern(source);
      expect(linear.test(tried)).toBe(new RegExp(source, 'u').test(tried));
    }),
    { numRuns: 5_000 },
  );
});

describe('patterns that people write', () => {
  test.each([
    ['^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$', ['a@b.de'], ['a@b', 'a b@c.de']],
    ['^(?<year>\\d{4})-\\d{2}$', ['2026-01'], ['26-01', '2026-01-02']],
    ['^[A-Z]{3}$', ['EUR'], ['EURO', 'eur']],
    ['^\\p{Lu}\\p{L}*(?: \\p{Lu}\\p{L}*)*$', ['Äpfel', 'Żółty Ser'], ['äpfel']],
    ['^\\/[\\w\\/.-]*$', ['/a/b-c.html'], ['a', '/a?b']],
    ['[\\]a]', [']', 'a'], ['b']],
    ['a\\B', ['ab'], ['a', 'a b', 'a😀']],
    ['', ['', 'x'], []],
  ])('%s', (source, right, wrong) => {
    const linear = new LinearPattern(source);
    for (const text of right) expect([text, linear.test(text)]).toEqual([text, true]);
    for (const text of wrong) expect([text, linear.test(text)]).toEqual([text, false]);
  });
});

test.each([
  ['(?=a)b', 'looks ahead or behind'],
  ['(?<!a)b', 'looks ahead or behind'],
  ['(?i:a)', 'has a group with flags'],
  ['(a)\\1', 'refers back to a group'],
  ['(?<n>a)\\k<n>', 'refers back to a group'],
  ['a{501}', 'is too large'],
  ['(a{50}){50}', 'is too large'],
  ['(', 'Invalid regular expression'],
])('%s is refused: %s', (source, reason) => {
  expect(() => new LinearPattern(source)).toThrow(reason);
});

test.each(['^(a+)+$', '^(a|a)*$', '(a*)*b', '^(?:a?){30}a{30}$', '.*.*.*.*x', '^(([a-z])+.)+[A-Z]([a-z])+$'])(
  'no text makes %s hang',
  (source) => {
    const linear = new LinearPattern(source);
    const began = performance.now();
    linear.test(`${'a'.repeat(32_768)}!`);
    // A second of patience on a busy machine: what backtracks would take years.
    expect(performance.now() - began).toBeLessThan(5_000);
  },
);
