// A key store for Java, in PKCS12: Kafka Connect's REST interface takes its certificate in no other form.
import { BmpString, OctetString } from 'asn1js';
import {
  Attribute,
  AuthenticatedSafe,
  CertBag,
  Certificate,
  PFX,
  PKCS8ShroudedKeyBag,
  PrivateKeyInfo,
  SafeBag,
  SafeContents,
} from 'pkijs';

/** What a key store holds, in PEM. */
export interface KeyStoreEntry {
  key: string;
  /** The certificate of the key, and then the CA. */
  chain: readonly string[];
}

// Of PKCS#12 and PKCS#9.
const shroudedKeyBag = '1.2.840.113549.1.12.10.1.2';
const certBag = '1.2.840.113549.1.12.10.1.3';
const friendlyName = '1.2.840.113549.1.9.20';
const localKeyId = '1.2.840.113549.1.9.21';

const iterations = 10_000;

/** The DER inside a PEM, in a buffer of its own: pkijs reads whole buffers. */
function derOf(pem: string): ArrayBuffer {
  return Uint8Array.from(Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')).buffer;
}

/** Makes a key store whose key has the password of the store. */
export async function keyStore({ key, chain }: KeyStoreEntry, password: string): Promise<Buffer> {
  const secret = Uint8Array.from(Buffer.from(password)).buffer;
  // They say which certificate is the key's.
  const bagAttributes = [
    new Attribute({
      type: localKeyId,
      values: [new OctetString({ valueHex: Uint8Array.of(1).buffer })],
    }),
    new Attribute({ type: friendlyName, values: [new BmpString({ value: 'activity' })] }),
  ];
  const keyBag = new PKCS8ShroudedKeyBag({ parsedValue: PrivateKeyInfo.fromBER(derOf(key)) });
  await keyBag.makeInternalValues({
    password: secret,
    contentEncryptionAlgorithm: { name: 'AES-CBC', length: 256 },
    hmacHashAlgorithm: 'SHA-256',
    iterationCount: iterations,
  });
  const safeBags = [
    new SafeBag({ bagId: shroudedKeyBag, bagValue: keyBag, bagAttributes }),
    ...chain.map((pem, index) => {
      const bagValue = new CertBag({ parsedValue: Certificate.fromBER(derOf(pem)) });
      return new SafeBag({ bagId: certBag, bagValue, ...(index === 0 && { bagAttributes }) });
    }),
  ];
  const authenticatedSafe = new AuthenticatedSafe({
    parsedValue: { safeContents: [{ privacyMode: 0, value: new SafeContents({ safeBags }) }] },
  });
  await authenticatedSafe.makeInternalValues({ safeContents: [{}] });
  const pfx = new PFX({ parsedValue: { integrityMode: 0, authenticatedSafe } });
  await pfx.makeInternalValues({
    password: secret,
    iterations,
    pbkdf2HashAlgorithm: 'SHA-256',
    hmacHashAlgorithm: 'SHA-256',
  });
  return Buffer.from(pfx.toSchema().toBER());
}
