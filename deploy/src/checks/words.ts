// The words of this repository: plain English, short lines in comments, and log lines that name a failure.

/** A word that is not used, and what is written instead. */
interface Banned {
  pattern: RegExp;
  instead: string;
}

const banned: readonly Banned[] = [
  { pattern: /\banew\b/i, instead: 'again; recreated; from the beginning' },
  { pattern: /\bso (many|much)\b/i, instead: 'the name of the number, such as `limit` bytes' },
  { pattern: /\bof late(?=[.,;:)]|$)/i, instead: 'recently' },
  { pattern: /\bbeside the work\b/i, instead: 'in the background' },
  { pattern: /\bat hand\b/i, instead: 'the name of the thing' },
  { pattern: /\bto be had\b/i, instead: 'available' },
  { pattern: /\bthe meanwhile\b/i, instead: 'at the same time' },
  { pattern: /\blies\b/i, instead: 'is' },
  { pattern: /\btells\b/i, instead: 'returns, reports, shows' },
  { pattern: /\bhears\b/i, instead: 'is called with, receives' },
  { pattern: /\b(syncs and|member|it) beats\b/i, instead: 'heartbeats' },
  // As a verb, for functions and services. The answers that HTTP has keep their name.
  { pattern: /(?:^|[;.*/(] )answers the\b/i, instead: 'returns' },
  {
    pattern:
      /(?:^|[;.,*/(] |\b(?:and|or|that|which|it|edge|broker|service) )answers (?:how|what|whether|an?|its|true|false|undefined|where|which|those|nothing|\d{3})\b/i,
    instead: 'returns',
  },
];

/** The longest line of a comment, in characters. */
const longestComment = 110;

/** One thing that is wrong in a file. */
export interface Problem {
  line: number;
  problem: string;
}

/** A line of a comment; drawings and examples are as wide as they are. */
const comment = /^\s*(\/\/|\/?\*)(?!.*(?:[─│]|@example))/;

/** What is wrong with the words of a text; lines of comments are measured where the text is code. */
export function wordProblems(text: string, isCode: boolean): Problem[] {
  return text.split('\n').flatMap((content, index) => {
    const found = banned.flatMap(({ pattern, instead }) => {
      const word = pattern.exec(content)?.[0];
      return word === undefined ? [] : [`“${word.trim()}”: write ${instead}`];
    });
    if (isCode && comment.test(content) && content.length > longestComment)
      found.push(`a comment of ${content.length} characters: at most ${longestComment}`);
    return found.map((problem) => ({ line: index + 1, problem }));
  });
}

const errorLines = [
  /\blogger\.(?:error|fatal)\(\s*(?:[^'"`]*?,\s*)?(['"`])(.*?)\1/gs,
  /\blog\(\s*'error',\s*(['"`])(.*?)\1/gs,
];
const failure =
  /\b(failed|cannot|could not|refused|lost|wrong|missing|deleted|uncaught|longer than|did not|unknown)\b|\bno index\b/;

/** The messages at error level that do not name a failure. */
export function vagueErrors(text: string): string[] {
  return errorLines
    .flatMap((pattern) => Array.from(text.matchAll(pattern)))
    .map(([, , message = '']) => message)
    .filter((message) => !failure.test(message));
}
