// What JSON text will become, read off its bytes: parsing makes up to 40 times their size of it, and takes as
// much longer.

/** A value's text, measured. Exact where it is JSON; what is not, the parser refuses. */
export interface Outline {
  /** Where the value ends. */
  end: number;
  /** How many values it is, nested ones counted. */
  values: number;
  /** How deep its objects and arrays are nested. */
  depth: number;
}

const tab = 0x09;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Where the next byte is that is no blank. */
export function skipBlanks(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && isBlank(bytes[at])) at++;
  return at;
}

function isBlank(byte: number | undefined): boolean {
  return byte === space || byte === lineFeed || byte === carriageReturn || byte === tab;
}

/** Measures the value that begins at `start`, which is no blank. */
export function outlineOf(bytes: Uint8Array, start: number): Outline {
  let at = start;
  let values = 1;
  let level = 0;
  let depth = 0;
  /** The object or array that was opened last has nothing in it yet. */
  let empty = false;
  for (; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === closeBracket || byte === closeBrace) {
      if (level === 0) return { end: at, values, depth };
      level--;
      empty = false;
      if (level === 0) return { end: at + 1, values, depth };
      continue;
    }
    if (isBlank(byte)) {
      if (level === 0) return { end: at, values, depth };
      continue;
    }
    if (empty) values++;
    empty = false;
    if (byte === quote) {
      at = endOfText(bytes, at + 1);
      if (level === 0) return { end: at + 1, values, depth };
    } else if (byte === comma) {
      if (level === 0) return { end: at, values, depth };
      values++;
    } else if (byte === openBracket || byte === openBrace) {
      level++;
      if (level > depth) depth = level;
      empty = true;
    }
  }
  return { end: at, values, depth };
}

/** Where the quote is that ends a text. */
function endOfText(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}
