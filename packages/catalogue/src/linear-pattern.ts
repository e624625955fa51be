// Regular expressions that take a time which grows with the text alone: no text can make them hang.
// Source: Russ Cox, "Regular Expression Matching: the Virtual Machine Approach" (2009), without captures.

type Test = (character: string) => boolean;

type Step =
  | { kind: 'character'; test: Test }
  | { kind: 'split'; to: number[] }
  | { kind: 'assert'; holds: (before: string | undefined, after: string | undefined) => boolean }
  | { kind: 'match' };

type Node =
  | { kind: 'empty' }
  | { kind: 'step'; step: Step }
  | { kind: 'all' | 'any'; parts: Node[] }
  | { kind: 'repeat'; part: Node; least: number; most: number };

/** How many steps a pattern may have: repeated parts count as often as they are repeated. */
const maxSteps = 500;

const word = /^\w$/;
const isWord = (one: string | undefined): boolean => one !== undefined && word.test(one);

const assertions: Record<string, Extract<Step, { kind: 'assert' }>['holds']> = {
  '^': (before) => before === undefined,
  $: (_, after) => after === undefined,
  '\\b': (before, after) => isWord(before) !== isWord(after),
  '\\B': (before, after) => isWord(before) === isWord(after),
};

/** A pattern with `test`, as a `RegExp` with the flag `u` has it. */
export class LinearPattern {
  readonly source: string;
  readonly #steps: Step[] = [];

  /**
   * @throws SyntaxError where it is no regular expression; Error where it cannot be tested in linear time (it
   * looks around, or refers back to a group) or is too large.
   */
  constructor(source: string) {
    this.source = source;
    // The syntax is the engine's to check: below, it is right.
    RegExp(source, 'u');
    const node = new Parser(source).alternatives();
    this.#add(node);
    this.#push({ kind: 'match' });
  }

  /** How many steps it has: each character of a text is tested by that number of steps at most. */
  get steps(): number {
    return this.#steps.length;
  }

  /** Whether it matches anywhere in the text. */
  test(text: string): boolean {
    const characters = Array.from(text);
    const reached = new Int32Array(this.#steps.length).fill(-1);
    let here: number[] = [];
    for (let at = 0; at <= characters.length; at++) {
      const before = characters[at - 1];
      const after = characters[at];
      const open: number[] = [0, ...here.toReversed()];
      const next: number[] = [];
      for (let step = open.pop(); step !== undefined; step = open.pop()) {
        if (reached[step] === at) continue;
        reached[step] = at;
        const found = this.#steps[step] as Step;
        switch (found.kind) {
          case 'match':
            return true;
          case 'split':
            open.push(...found.to);
            break;
          case 'assert':
            if (found.holds(before, after)) open.push(step + 1);
            break;
          case 'character':
            if (after !== undefined && found.test(after)) next.push(step + 1);
            break;
        }
      }
      here = next;
    }
    return false;
  }

  /** As a `RegExp` has it: Ajv keeps patterns by it. */
  toString(): string {
    return `/${this.source}/u`;
  }

  #push(step: Step): number {
    if (this.#steps.length >= maxSteps) throw new Error(`is too large: it has more than ${maxSteps} steps`);
    return this.#steps.push(step) - 1;
  }

  #add(node: Node): void {
    switch (node.kind) {
      case 'empty':
        return;
      case 'step':
        this.#push(node.step);
        return;
      case 'all':
        for (const part of node.parts) this.#add(part);
        return;
      case 'any':
        return this.#addAny(node.parts);
      case 'repeat':
        return this.#addRepeat(node);
    }
  }

  #addAny([part, ...others]: Node[]): void {
    if (part === undefined) return;
    if (others.length === 0) return this.#add(part);
    const split = { kind: 'split' as const, to: [0, 0] };
    const at = this.#push(split);
    this.#add(part);
    const end = { kind: 'split' as const, to: [0] };
    this.#push(end);
    split.to = [this.#steps.length, at + 1];
    this.#addAny(others);
    end.to = [this.#steps.length];
  }

  #addRepeat({ part, least, most }: Extract<Node, { kind: 'repeat' }>): void {
    for (let i = 0; i < least; i++) this.#add(part);
    if (most === Number.POSITIVE_INFINITY) {
      const split = { kind: 'split' as const, to: [0, 0] };
      const at = this.#push(split);
      this.#add(part);
      this.#push({ kind: 'split', to: [at] });
      split.to = [this.#steps.length, at + 1];
      return;
    }
    const splits = [];
    for (let i = least; i < most; i++) {
      const split = { kind: 'split' as const, to: [0, 0] };
      const at = this.#push(split);
      splits.push({ split, at });
      this.#add(part);
    }
    for (const { split, at } of splits) split.to = [this.#steps.length, at + 1];
  }
}

/** Reads a pattern whose syntax is right. */
class Parser {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  alternatives(): Node {
    const parts: Node[] = [this.#sequence()];
    while (this.#source[this.#at] === '|') {
      this.#at++;
      parts.push(this.#sequence());
    }
    return { kind: 'any', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at] as string)) {
      parts.push(this.#quantified(this.#atom()));
    }
    return { kind: 'all', parts };
  }

  #quantified(part: Node): Node {
    const found = /^(?:([*+?])|\{(\d+)(,(\d*))?\})\??/.exec(this.#source.slice(this.#at, this.#at + 64));
    if (found === null) return part;
    this.#at += found[0].length;
    const [, sign, count = '0', range, end] = found;
    const least = sign === '+' ? 1 : Number(count);
    const most =
      sign === '?' ? 1 : sign !== undefined || range !== undefined ? Number(end || Infinity) : least;
    if (least > maxSteps || (most !== Number.POSITIVE_INFINITY && most > maxSteps))
      throw new Error(`is too large: it repeats more than ${maxSteps} times`);
    return { kind: 'repeat', part, least, most };
  }

  #atom(): Node {
    const one = String.fromCodePoint(this.#source.codePointAt(this.#at) as number);
    switch (one) {
      case '(':
        return this.#group();
      case '[':
        return tested(this.#class());
      case '\\':
        return this.#escape();
      case '^':
      case '$':
        this.#at++;
        return asserted(one);
      case '.':
        this.#at++;
        return tested('.');
      default:
        this.#at += one.length;
        return { kind: 'step', step: { kind: 'character', test: (character) => character === one } };
    }
  }

  #group(): Node {
    const [start = ''] = /^\((\?:|\?<[^=!>]+>)?/.exec(this.#source.slice(this.#at)) ?? [];
    this.#at += start.length;
    if (this.#source[this.#at] === '?') {
      const isModified = /^\?[a-z-]*:/.test(this.#source.slice(this.#at));
      throw new Error(
        isModified
          ? 'has a group with flags, which is not taken: write both cases, like [Aa]'
          : 'looks ahead or behind, which cannot be tested in linear time',
      );
    }
    const node = this.alternatives();
    this.#at++;
    return node;
  }

  #class(): string {
    const from = this.#at;
    while (this.#source[this.#at] !== ']') this.#at += this.#source[this.#at] === '\\' ? 2 : 1;
    this.#at++;
    return this.#source.slice(from, this.#at);
  }

  #escape(): Node {
    const rest = this.#source.slice(this.#at, this.#at + 80);
    if (/^\\(k|[1-9])/.test(rest))
      throw new Error('refers back to a group, which cannot be tested in linear time');
    const pair = /^\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}/.exec(rest)?.[0];
    const [text = ''] = pair
      ? [pair]
      : (/^\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|.)/su.exec(rest) ?? []);
    this.#at += text.length;
    return text === '\\b' || text === '\\B' ? asserted(text) : tested(text);
  }
}

function asserted(text: string): Node {
  return { kind: 'step', step: { kind: 'assert', holds: assertions[text] as never } };
}

/** Tests one character by the engine, which cannot hang on one. The results for ASCII are computed before. */
function tested(text: string): Node {
  const pattern = RegExp(`^${text}$`, 'u');
  const ascii = Array.from({ length: 128 }, (_, code) => pattern.test(String.fromCharCode(code)));
  function test(character: string): boolean {
    return ascii[character.charCodeAt(0)] ?? pattern.test(character);
  }
  return { kind: 'step', step: { kind: 'character', test } };
}
