import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { generate, type SelfsignedOptions } from 'selfsigned';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createHttpServer, listen } from './http-server.ts';
import type { ListeningServer } from './http-server.ts';
import { parseConfig } from './load-config.ts';
import type { ConfigError } from './load-config.ts';
import { checkTls, serverTlsOf, tlsVariables, trustCa, trustVariables } from './tls.ts';

const schema = z.object({ ...tlsVariables, ...trustVariables }).superRefine(checkTls);
let cert: string;
let key: string;
let otherKey: string;

beforeAll(async () => {
  const how: SelfsignedOptions = {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  };
  ({ cert, private: key } = await generate([{ name: 'commonName', value: 'service' }], how));
  ({ private: otherKey } = await generate([{ name: 'commonName', value: 'other' }], how));
});

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    parseConfig(schema, environment);
    return [];
  } catch (error) {
    return (error as ConfigError).problems.map((problem) => problem.replace(/ \([^()]*\)$/, ''));
  }
}

test('a certificate with its key is fine, and so is neither', () => {
  expect(problemsOf({ TLS_CERT: cert, TLS_KEY: key, TLS_CA: `${cert}\n${cert}` })).toEqual([]);
  expect(problemsOf({ TLS_CERT: `${cert}\n${cert}`, TLS_KEY: key })).toEqual([]);
  expect(problemsOf({})).toEqual([]);
});

test('what is wrong is named, without its content', () => {
  const encrypted = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----';
  const torn = cert.replace(/\n[^\n]+\n-----END/, '\n-----END');
  expect(problemsOf({ TLS_CERT: cert })).toEqual(['TLS_KEY: must be set where TLS_CERT is']);
  expect(problemsOf({ TLS_KEY: key })).toEqual(['TLS_CERT: must be set where TLS_KEY is']);
  expect(problemsOf({ TLS_CERT: key, TLS_KEY: key })).toEqual(['TLS_CERT: must be a certificate in PEM']);
  expect(problemsOf({ TLS_CERT: torn, TLS_KEY: key })).toEqual(['TLS_CERT: must be a certificate in PEM']);
  expect(problemsOf({ TLS_CERT: cert, TLS_KEY: otherKey })).toEqual([
    'TLS_KEY: must be the key of the first of TLS_CERT',
  ]);
  for (const wrong of [cert, encrypted, 'x'])
    expect(problemsOf({ TLS_CERT: cert, TLS_KEY: wrong })).toEqual([
      'TLS_KEY: must be a private key in PEM that is not encrypted',
    ]);
  expect(problemsOf({ TLS_CA: 'x' })).toEqual(['TLS_CA: must be certificates in PEM']);
  expect(problemsOf({ TLS_CERT_FILE: '/nonexistent', TLS_KEY: key })).toContain(
    'TLS_CERT_FILE: the file cannot be read',
  );
});

async function serve(graceMs?: number): Promise<ListeningServer> {
  const server = createHttpServer(
    {},
    (_request, response) => response.end('done'),
    serverTlsOf({ TLS_CERT: cert, TLS_KEY: key }),
  );
  const listening = await listen(server, 0, '127.0.0.1', graceMs === undefined ? {} : { graceMs });
  onTestFinished(listening.close);
  return listening;
}

test('a server with a certificate speaks TLS and nothing else; whoever trusts its CA reaches it', async () => {
  const { port } = await serve();
  const url = `https://127.0.0.1:${port}/`;
  await expect(fetch(url.replace('https', 'http'))).rejects.toThrowError('fetch failed');
  await expect(fetch(url)).rejects.toThrowError('fetch failed');
  trustCa({ TLS_CA: cert });
  expect(await (await fetch(url)).text()).toBe('done');
});

test('closing does not wait for a client that is silent after its handshake', async () => {
  const { port, close } = await serve();
  const silent = connectTls({ host: '127.0.0.1', port, ca: cert });
  await once(silent, 'secureConnect');
  const gone = once(
    silent.on('error', () => {}),
    'close',
  );
  const began = performance.now();
  await close();
  await gone;
  expect(performance.now() - began).toBeLessThan(5_000);
});

test('closing waits for a handshake that does not end no longer than its grace', async () => {
  const { port, close } = await serve(100);
  const halfway = connect(port, '127.0.0.1');
  // The beginning of a ClientHello.
  halfway.write(Buffer.from('1603010200', 'hex'));
  await fetch(`http://127.0.0.1:${port}/`).catch(() => {});
  const gone = once(
    halfway.on('error', () => {}),
    'close',
  );
  const began = performance.now();
  await close();
  await gone;
  expect(performance.now() - began).toBeLessThan(5_000);
});
