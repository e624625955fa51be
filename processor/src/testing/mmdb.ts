// Writes a small MaxMind database file, by the published format: https://maxmind.github.io/MaxMind-DB/.

/** What a database says of a network. */
export type MmdbValue = string | number | MmdbValue[] | { [name: string]: MmdbValue };

const types = { string: 2, uint16: 5, uint32: 6, map: 7, uint64: 9, array: 11 } as const;

function head(type: keyof typeof types, size: number): Buffer {
  const number = types[type];
  if (size > 284) throw new RangeError('larger than this writer can write');
  const [low, more] = size < 29 ? [size, []] : [29, [size - 29]];
  return Buffer.from(number > 7 ? [low, number - 7, ...more] : [(number << 5) | low, ...more]);
}

function wholeNumber(type: 'uint16' | 'uint32' | 'uint64', value: number): Buffer {
  const hex = value === 0 ? '' : value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([head(type, bytes.length), bytes]);
}

function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string') {
    return Buffer.concat([head('string', Buffer.byteLength(value)), Buffer.from(value)]);
  }
  if (typeof value === 'number') return wholeNumber('uint32', value);
  if (Array.isArray(value)) return Buffer.concat([head('array', value.length), ...value.map(encode)]);
  return encodeMap(Object.entries(value).map(([name, one]) => [name, encode(one)]));
}

function encodeMap(entries: readonly [string, Buffer][]): Buffer {
  const parts = entries.flatMap(([name, value]) => [encode(name), value]);
  return Buffer.concat([head('map', entries.length), ...parts]);
}

/** The bits of an IPv6 network, `2a02:ff80::/29`; an IPv4 one is at `::`, as in MaxMind's own files. */
function bitsOf(network: string): string {
  const [address = '', length = ''] = network.split('/');
  if (!address.includes(':')) {
    const bits = address.split('.').map((part) => Number(part).toString(2).padStart(8, '0'));
    return ('0'.repeat(96) + bits.join('')).slice(0, 96 + Number(length));
  }
  const [before = '', after = ''] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const zeros = Array.from({ length: 8 - groups(before).length - groups(after).length }, () => '0');
  const all = [...groups(before), ...zeros, ...groups(after)];
  const bits = all.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0'));
  return bits.join('').slice(0, Number(length));
}

/** The bytes of a City database that knows these networks, none within another. */
export function mmdbOf(networks: Readonly<Record<string, MmdbValue>>): Buffer {
  // A node's two records: another node, data (negative: −1 − its offset), or nothing.
  const nodes: [number | undefined, number | undefined][] = [[undefined, undefined]];
  const data: Buffer[] = [];
  let dataBytes = 0;
  for (const [network, value] of Object.entries(networks)) {
    const bits = bitsOf(network);
    let node = 0;
    for (const [index, bit] of bits.split('').entries()) {
      const at = nodes[node];
      if (!at) throw new Error(`there is no node ${node}`);
      const side = bit === '0' ? 0 : 1;
      if (index === bits.length - 1) at[side] = -1 - dataBytes;
      else node = at[side] ??= nodes.push([undefined, undefined]) - 1;
    }
    const bytes = encode(value);
    data.push(bytes);
    dataBytes += bytes.length;
  }
  const tree = Buffer.alloc(nodes.length * 6);
  for (const [index, node] of nodes.entries()) {
    for (const [side, to] of node.entries()) {
      const record = to === undefined ? nodes.length : to < 0 ? nodes.length + 16 + (-1 - to) : to;
      tree.writeUIntBE(record, index * 6 + side * 3, 3);
    }
  }
  const metadata = encodeMap([
    ['binary_format_major_version', wholeNumber('uint16', 2)],
    ['binary_format_minor_version', wholeNumber('uint16', 0)],
    ['build_epoch', wholeNumber('uint64', 1_767_225_600)],
    ['database_type', encode('GeoLite2-City')],
    ['description', encode({ en: 'a few networks for tests' })],
    ['ip_version', wholeNumber('uint16', 6)],
    ['languages', encode(['en'])],
    ['node_count', wholeNumber('uint32', nodes.length)],
    ['record_size', wholeNumber('uint16', 24)],
  ]);
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')]);
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, metadata]);
}
