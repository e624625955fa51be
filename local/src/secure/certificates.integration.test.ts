// Certificates, with Java’s own keytool for the trust store.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findJava } from '@activity/testbed/fetch/java';
import { ensureCertificates } from './certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
const { signal } = new AbortController();
const dayMs = 86_400_000;

afterAll(() => rmSync(folder, { recursive: true }));

test('are of one CA, for this machine’s loopback, kept, and made again in their last month', async () => {
  const java = await findJava();
  const now = Date.now();
  const files = await ensureCertificates(folder, java, now, signal);
  const ca = new X509Certificate(readFileSync(files.ca));
  for (const file of [files.kafka, files.mongodb, files.services]) {
    const own = new X509Certificate(readFileSync(file));
    expect(own.verify(ca.publicKey)).toBe(true);
    expect(own.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(own.ca).toBe(false);
    expect(own.validToDate.getTime()).toBeGreaterThan(now + 80 * dayMs);
  }
  const fingerprint = (): string => new X509Certificate(readFileSync(files.ca)).fingerprint256;
  await ensureCertificates(folder, java, now + 50 * dayMs, signal);
  expect(fingerprint()).toBe(ca.fingerprint256);
  await ensureCertificates(folder, java, now + 61 * dayMs, signal);
  expect(fingerprint()).not.toBe(ca.fingerprint256);
  rmSync(files.mongodb);
  const before = fingerprint();
  await ensureCertificates(folder, java, now, signal);
  expect(fingerprint()).not.toBe(before);
});
