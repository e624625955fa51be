// Every root script of this project's own: `--help` prints what it takes, and what it does not know is
// refused before anything starts.
import { describe, expect, test } from 'vitest';
import { rootScripts, runScript } from './testing/root-scripts.ts';

describe.each(rootScripts())('npm run $name', ({ name }) => {
  test('--help prints the call, and nothing starts', async () => {
    const { code, stdout, stderr } = await runScript(name, ['--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/npm (run |start|test)/);
    expect(stdout.split('\n').length).toBeLessThan(30);
  });

  test('an unknown option is refused with what there is', async () => {
    const { code, stdout, stderr } = await runScript(name, ['--bogus']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/unknown option '--bogus'/i);
    expect(stderr).toMatch(/npm (run |start|test)/);
  });
});
