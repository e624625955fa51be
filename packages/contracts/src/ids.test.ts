import { describe, expect, test } from 'vitest';
import { idProblem, idText, maxIdBytes } from './ids.ts';

const scripts = { ASCII: 'x', Latin: 'é', Japanese: '日', emoji: '🌍', mixed: 'a日é🌍' };

describe.each(Object.entries(scripts))('an id in %s', (_, text) => {
  test('of 256 characters is accepted', () => {
    const id = text.repeat(256).slice(0, 256);
    expect(idProblem(id)).toBeUndefined();
    expect(idText.safeParse(id).success).toBe(true);
  });

  test('is accepted up to the limit in bytes, and refused over it', () => {
    const times = Math.floor(maxIdBytes / Buffer.byteLength(text));
    const full = text.repeat(times).padEnd(text.length * times + (maxIdBytes % Buffer.byteLength(text)), '-');
    expect(Buffer.byteLength(full)).toBe(maxIdBytes);
    expect(idProblem(full)).toBeUndefined();
    expect(idText.safeParse(` ${full} `)).toEqual({ success: true, data: full });
    const problem = `must not be longer than ${maxIdBytes} bytes of UTF-8, and has ${maxIdBytes + 1}`;
    expect(idProblem(`${full}-`)).toBe(problem);
    expect(idText.safeParse(`${full}-`).error?.issues.map(({ message }) => message)).toEqual([problem]);
  });
});

test.each(['', ' u', 'u\n', '\ud800', 1, null, undefined])('%j is no id', (id) => {
  expect(idProblem(id)).toEqual(expect.any(String));
});
