// What a killed launcher leaves behind is ended by the next, and nothing else is.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { identify } from './identity.ts';
import { freePort, isPortTaken, loopback } from './ports.ts';
import { endOrphans } from './registry.ts';

// Starts a process that ignores nothing, registers it and says its pid.
const launcher = `
const { spawn } = await import('node:child_process');
const { register } = await import(process.argv[1]);
const child = spawn(process.execPath, ['-e', process.argv[2]], { detached: true, stdio: 'ignore' });
register('orphan', child.pid);
console.log(child.pid);
setInterval(() => {}, 1000);
`;

async function launch(
  code = 'setInterval(() => {}, 1000)',
): Promise<{ pid: number; child: number; kill: () => Promise<void> }> {
  const args = ['--input-type=module', '-e', launcher, new URL('registry.ts', import.meta.url).href, code];
  const process_ = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(process_.stdout, 'data');
  return {
    pid: process_.pid ?? 0,
    child: Number(String(line)),
    async kill(): Promise<void> {
      const gone = once(process_, 'exit');
      process_.kill('SIGKILL');
      await gone;
    },
  };
}

test('orphans are ended once their launcher is gone, not before', async () => {
  const { child, kill } = await launch();
  await endOrphans();
  expect(identify(child)).toBeDefined();
  await kill();
  expect(await endOrphans()).toContain(`orphan (pid ${child})`);
  expect(identify(child)).toBeUndefined();
  expect(await endOrphans()).not.toContain(`orphan (pid ${child})`);
});

test('an orphan that had to be killed has given back its port', async () => {
  const port = await freePort();
  // Threads and memory: ending them is what takes a moment.
  const code = `
    const { Worker } = require('node:worker_threads');
    const held = Buffer.alloc(256 << 20, 1);
    process.on('SIGTERM', () => {});
    require('node:net').createServer(() => held).listen(${port}, '${loopback}');
    for (let each = 0; each < 8; each += 1) new Worker('setInterval(() => {}, 1000)', { eval: true });
  `;
  const { child, kill } = await launch(code);
  await vi.waitFor(async () => expect(await isPortTaken(port)).toBe(true), 10_000);
  await kill();
  expect(await endOrphans(0)).toContain(`orphan (pid ${child})`);
  expect(identify(child)).toBeUndefined();
  expect(await isPortTaken(port)).toBe(false);
});
