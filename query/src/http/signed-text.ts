// Signed texts: values that a client gets and sends back, unchanged.
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Writes values as signed texts, and reads them. */
export interface SignedText {
  write: (value: unknown) => string;
  /** Undefined for what this service (any instance with the same key) has not written. */
  read: (text: string) => unknown;
}

/** Texts that are signed with a key. */
export function signedText(key: Buffer): SignedText {
  function sign(body: string): Buffer {
    return createHmac('sha256', key).update(body).digest().subarray(0, 16);
  }

  return {
    write(value) {
      const body = Buffer.from(JSON.stringify(value)).toString('base64url');
      return `${body}.${sign(body).toString('base64url')}`;
    },
    read(text) {
      const [body = '', signature = '', ...more] = text.split('.');
      const signed = Buffer.from(signature, 'base64url');
      if (more.length > 0 || signed.length !== 16 || !timingSafeEqual(signed, sign(body))) return undefined;
      return JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
    },
  };
}
