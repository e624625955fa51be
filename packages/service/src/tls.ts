// TLS of a service's own ports, and the CAs that it trusts when it asks other services.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { z } from 'zod';

/** Variables of every service: with both set, all of its ports speak TLS. */
export const tlsVariables = {
  TLS_CERT: z
    .string()
    .optional()
    .describe(
      'TLS certificate of all ports of this service, followed by its intermediate CAs, in PEM, mostly as TLS_CERT_FILE; unset: plain HTTP',
    ),
  TLS_KEY: z
    .string()
    .optional()
    .describe('The private key of TLS_CERT, in PEM without a passphrase, better as TLS_KEY_FILE'),
};

/** Variables of services that ask others. */
export const trustVariables = {
  TLS_CA: z
    .string()
    .optional()
    .describe(
      'CAs to trust in requests to other services, besides those that Node trusts, in PEM, mostly as TLS_CA_FILE',
    ),
};

/** A certificate with its key, as servers of Node take them. */
export interface ServerTls {
  cert: string;
  key: string;
}

interface Values {
  TLS_CERT?: string | undefined;
  TLS_KEY?: string | undefined;
  TLS_CA?: string | undefined;
}

/**
 * A check for the whole configuration: certificate and key are there together, can be read, and belong
 * together.
 */
export function checkTls({ TLS_CERT, TLS_KEY, TLS_CA }: Values, context: z.RefinementCtx): void {
  function refuse(variable: keyof Values, message: string): undefined {
    context.addIssue({ code: 'custom', path: [variable], message });
  }
  if (TLS_CA !== undefined && certificatesIn(TLS_CA) === undefined)
    refuse('TLS_CA', 'must be certificates in PEM');
  if (TLS_CERT !== undefined && TLS_KEY === undefined) refuse('TLS_KEY', 'must be set where TLS_CERT is');
  if (TLS_CERT === undefined && TLS_KEY !== undefined) refuse('TLS_CERT', 'must be set where TLS_KEY is');
  if (TLS_CERT === undefined || TLS_KEY === undefined) return;
  const [own] = certificatesIn(TLS_CERT) ?? [];
  if (own === undefined) refuse('TLS_CERT', 'must be a certificate in PEM');
  let key;
  try {
    key = createPrivateKey(TLS_KEY);
  } catch {
    refuse('TLS_KEY', 'must be a private key in PEM that is not encrypted');
  }
  if (own && key && !own.checkPrivateKey(key)) refuse('TLS_KEY', 'must be the key of the first of TLS_CERT');
}

/** All certificates of a text; undefined where there is none, or one cannot be read. */
function certificatesIn(pem: string): X509Certificate[] | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
  try {
    return blocks.length === 0 ? undefined : blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/** What the ports of a service listen with; undefined for plain HTTP. */
export function serverTlsOf({ TLS_CERT: cert, TLS_KEY: key }: Values): ServerTls | undefined {
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

/** Trusts TLS_CA in this process, for every connection whose CA is not set otherwise. */
export function trustCa({ TLS_CA }: Values): void {
  if (TLS_CA !== undefined) setDefaultCACertificates([...getCACertificates('default'), TLS_CA]);
}
