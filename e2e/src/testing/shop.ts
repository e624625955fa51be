// A web shop whose pages send with the program of docs/browsers.md, as it stands there.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { blocksOf } from '@activity/deploy/checks/markdown';
import { projectRoot } from '@activity/testbed/paths';

const blocks = blocksOf(readFileSync(join(projectRoot, 'docs', 'browsers.md'), 'utf8'));

function block(language: string): string {
  const found = blocks.find((one) => one.language === language)?.text;
  if (found === undefined) throw new Error(`docs/browsers.md has no block of ${language}`);
  return found;
}

/** The server of the shop's pages. */
export interface Shop {
  origin: string;
  /** Says where its pages send to: the edge's address and a public key. */
  sendTo(url: string, key: string): void;
  stop(): Promise<void>;
}

/**
 * Serves `/`, the page of the documentation, and `/tab`, whose `activity` a test can reach; both with the
 * program of the documentation.
 */
export async function serveShop(): Promise<Shop> {
  let edge = { url: '', key: '' };

  function file(path: string): { type: string; text: string } | undefined {
    const { url, key } = edge;
    switch (path) {
      case '/':
        return {
          type: 'text/html',
          text: block('html').replace('https://events.shop.example', url).replace('act_pub_…', key),
        };
      case '/tab':
        return { type: 'text/html', text: '<script type="module" src="tab.js"></script>' };
      case '/tab.js':
        return {
          type: 'text/javascript',
          text: `import { createActivity } from './activity.js';
            window.dropped = [];
            window.activity = createActivity({ ...${JSON.stringify({ url, key })}, everyMs: 60,
              onDrop: (eventId, why) => dropped.push(eventId + ': ' + why) });`,
        };
      case '/activity.js':
        return { type: 'text/javascript', text: block('js') };
      default:
        return undefined;
    }
  }

  const server = createServer(({ url = '/' }, response) => {
    const found = file(new URL(url, 'http://shop.example').pathname);
    if (found === undefined) response.writeHead(404).end();
    else response.setHeader('content-type', `${found.type}; charset=utf-8`).end(found.text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    sendTo: (url, key) => (edge = { url, key }),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Makes a public key by the command of the documentation, for pages of an origin. */
export async function makePublicKey(file: string, origin: string): Promise<string> {
  const [, given = ''] = /npm run keys -- (.+)/.exec(block('sh')) ?? [];
  const args = given.replace('https://shop.example', origin).split(' ');
  const cli = join(projectRoot, 'packages', 'service', 'src', 'keys', 'cli.ts');
  const env = { ...process.env, API_KEYS_FILE: file };
  const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args], { env });
  return stdout.trim();
}
