// Certificates of the secure local stack: a CA of its own, one certificate each for the broker, mongod, Kafka
// Connect and the services, a trust store.
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import type { Java } from '@activity/testbed/fetch/java';
import { loopback } from '@activity/testbed/process/ports';
import { Problem } from '@activity/testbed/process/problem';
import { run } from '@activity/testbed/process/run';
import { writeSecret } from '@activity/testbed/process/secret-file';
import { keyStore } from './key-store.ts';

/** Where the certificates are. Those of the broker and of mongod hold key, certificate and CA in one file. */
export interface Certificates {
  /** The CA, in PEM. */
  ca: string;
  kafka: string;
  mongodb: string;
  /** Kafka Connect's key and certificate for Java, in PKCS12. */
  connect: string;
  /** The services' certificate and CA; their key. */
  services: string;
  servicesKey: string;
  /** The CA for Java, in PKCS12. */
  trustStore: string;
}

/** The broker's name in its own certificate: the one that the controller lets in. */
export const kafkaName = 'activity-kafka';

/**
 * Java wants a password for each store. A trust store holds nothing secret, and only its owner can read the
 * other file.
 */
export const storePassword = 'activity';

const dayMs = 86_400_000;
const lifetimeMs = 90 * dayMs;
const renewBeforeMs = 30 * dayMs;

function lasts(file: string, now: number): boolean {
  if (!existsSync(file)) return false;
  return new X509Certificate(readFileSync(file)).validToDate.getTime() - now > renewBeforeMs;
}

async function makeAll(files: Certificates, java: Java, now: number, signal: AbortSignal): Promise<void> {
  const how = {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - dayMs),
    notAfterDate: new Date(now + lifetimeMs),
  } as const;
  const ca = await generate([{ name: 'commonName', value: 'activity local CA' }], {
    ...how,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  async function issue(name: string): Promise<{ key: string; chain: [string, string] }> {
    const issued = await generate([{ name: 'commonName', value: name }], {
      ...how,
      ca: { key: ca.private, cert: ca.cert },
      extensions: [
        { name: 'basicConstraints', cA: false, critical: true },
        { name: 'keyUsage', digitalSignature: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 7, ip: loopback },
            { type: 2, value: 'localhost' },
          ],
        },
      ],
    });
    return { key: issued.private, chain: [issued.cert, ca.cert] };
  }
  for (const [name, file] of [
    [kafkaName, files.kafka],
    ['activity-mongodb', files.mongodb],
  ] as const) {
    const { key, chain } = await issue(name);
    writeSecret(file, joined([key, ...chain]));
  }
  const services = await issue('activity-services');
  writeSecret(files.services, joined(services.chain));
  writeSecret(files.servicesKey, services.key);
  writeSecret(files.connect, await keyStore(await issue('activity-connect'), storePassword));
  // The CA's key is kept nowhere: to issue anything more, all is made again.
  writeSecret(files.ca, ca.cert);
  await trust(files, java, signal);
}

function joined(pems: readonly string[]): string {
  return pems.map((pem) => `${pem.trim()}\n`).join('');
}

async function trust(files: Certificates, java: Java, signal: AbortSignal): Promise<void> {
  rmSync(files.trustStore, { force: true });
  const keytool = ['-XX:TieredStopAtLevel=1', '-m', 'java.base/sun.security.tools.keytool.Main'];
  const store = ['-keystore', files.trustStore, '-storetype', 'PKCS12', '-storepass', storePassword];
  const args = [...keytool, '-importcert', '-noprompt', '-alias', 'activity', '-file', files.ca, ...store];
  const outcome = await run({ file: java.file, args }, { signal });
  if (outcome.code !== 0) throw new Problem('making the trust store failed', { detail: outcome.output });
}

/** Where the certificates of a folder are, or will be. */
export function certificateFiles(folder: string): Certificates {
  return {
    ca: join(folder, 'ca.pem'),
    kafka: join(folder, 'kafka.pem'),
    mongodb: join(folder, 'mongodb.pem'),
    connect: join(folder, 'connect.p12'),
    services: join(folder, 'services.pem'),
    servicesKey: join(folder, 'services.key'),
    trustStore: join(folder, 'truststore.p12'),
  };
}

/**
 * Makes the certificates where they are missing, or have less than a month to live. Call it while nothing
 * runs.
 */
export async function ensureCertificates(
  folder: string,
  java: Java,
  now: number,
  signal: AbortSignal,
): Promise<Certificates> {
  const files = certificateFiles(folder);
  const complete = Object.values(files).every((file) => existsSync(file));
  if (!complete || !lasts(files.ca, now)) await makeAll(files, java, now, signal);
  return files;
}
