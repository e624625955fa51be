// A look at an LMDB file before it is mapped into memory: reading past the end of a truncated one would end
// the process by a signal instead of throwing.
// Source: the MDB_meta of lmdb-js's LMDB (24-byte page header, then magic, version, address, map size, two
// MDB_db of 48 bytes of which the first begins with the page size,
// the last used page); there are two meta pages.
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

const magic = 0xbeefc0de;
const magicAt = 24;
const pageSizeAt = 48;
const lastPageAt = 144;
const metaSize = 152;

/** Undefined where the file is absent or may be opened; otherwise what is wrong with it. */
export function damageOf(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    if (size === 0) return undefined;
    const first = readMeta(descriptor, 0);
    if (!first) return 'its file is cut short';
    if (first.readUInt32LE(magicAt) !== magic) return 'its file is not an LMDB file';
    const pageSize = first.readUInt32LE(pageSizeAt);
    if (pageSize < 256 || pageSize > 65_536) return `its file names a page size of ${pageSize}`;
    const second = readMeta(descriptor, pageSize);
    if (!second || second.readUInt32LE(magicAt) !== magic) return 'its file has lost its second header';
    const lastPage = Math.max(
      Number(first.readBigUInt64LE(lastPageAt)),
      Number(second.readBigUInt64LE(lastPageAt)),
    );
    const needed = (lastPage + 1) * pageSize;
    return size < needed ? `its file has ${size} bytes and should have ${needed}` : undefined;
  } finally {
    closeSync(descriptor);
  }
}

function readMeta(descriptor: number, position: number): Buffer | undefined {
  const meta = Buffer.alloc(metaSize);
  return readSync(descriptor, meta, 0, metaSize, position) < metaSize ? undefined : meta;
}
