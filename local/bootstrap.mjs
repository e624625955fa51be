// First step of every root script: installs what package-lock.json says, then runs the program under the
// project's Node. Plain JavaScript for the machine's own Node (20 or newer),
// using nothing that has to be installed.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = join(root, 'node_modules', '.bin', 'node');
const [program = 'start', ...programArguments] = process.argv.slice(2);
// Sleeping until the program has ended, this process passes on what it is told.
let child;

function readPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

/**
 * Whether node_modules holds what package-lock.json says:
 * npm notes what it installed in a lockfile of its own.
 */
function isInstalled() {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(node) || !existsSync(installedFile)) return false;
  const installed = readPackages(installedFile);
  return Object.entries(readPackages(join(root, 'package-lock.json'))).every(([path, wanted]) => {
    if (!path.includes('node_modules/')) return true;
    const found = installed[path];
    if (!found) return Boolean(wanted.optional || wanted.peer || wanted.devOptional);
    return wanted.link || (found.version === wanted.version && found.integrity === wanted.integrity);
  });
}

/** Runs a program in its own process group and resolves with its exit code. */
function run(file, args, options) {
  return new Promise((resolve) => {
    child = spawn(file, args, { cwd: root, detached: true, ...options });
    child.once('error', (error) => {
      console.error(`${file} cannot be started: ${error.message}`);
      resolve(1);
    });
    child.once('exit', (code, signal) => {
      child = undefined;
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

async function install() {
  const began = Date.now();
  console.log('Installing the packages of package-lock.json (npm ci) ...');
  const timer = setInterval(() => {
    console.log(`  still installing, ${Math.round((Date.now() - began) / 1000)} s so far`);
  }, 5000);
  // Without npm's advice on the engines of packages that only the project's Node runs.
  const ci = ['ci', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const command = npm ? [process.execPath, [npm, ...ci]] : ['npm', ci];
  const code = await run(...command, { stdio: ['ignore', 'inherit', 'inherit'] });
  clearInterval(timer);
  if (code !== 0 || !existsSync(node)) {
    console.error('npm ci failed: see its words above; it needs to reach the npm registry');
    process.exit(code || 1);
  }
  console.log(`Installed in ${((Date.now() - began) / 1000).toFixed(1)} s.`);
}

function forward(signal) {
  if (child) child.kill(signal);
  else process.exit(128 + constants.signals[signal]);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);

// An npm that was killed cannot pass on signals: its end is one.
const parent = process.ppid;
const watch = setInterval(() => {
  if (process.ppid === parent) return;
  clearInterval(watch);
  forward('SIGTERM');
}, 500).unref();
if (!process.env.npm_lifecycle_event) clearInterval(watch);

const began = Date.now();
if (!isInstalled()) await install();
const installMs = Date.now() - began;
const target = join(root, 'local', 'src', `${program}.ts`);
process.exitCode = await run(node, [target, ...programArguments], {
  // The program notices by the channel when this process is gone, however it went.
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: {
    ...process.env,
    ACTIVITY_BEGAN: String(began),
    ACTIVITY_INSTALL_MS: String(installMs),
    // Compiled code is kept from one start to the next; not in tests, whose coverage it would blur.
    ...(program === 'start' && { NODE_COMPILE_CACHE: join(root, '.cache', 'node') }),
  },
});
// What the system's loader ends with.
if (process.exitCode === 127)
  console.error(
    'The project’s Node does not start: install what is missing (Debian and Ubuntu: libatomic1).',
  );
process.exit();
