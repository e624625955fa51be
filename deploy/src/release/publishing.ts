// The names of published packages and the repository's address: the root's package.json alone has both.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** The folders of `packages` that are published, in the order in which they need each other. */
export const published = ['kafka', 'streams', 'create-streams-app'] as const;

/** A folder of `packages` that is published. */
export type Published = (typeof published)[number];

const publishingSchema = z.strictObject({
  /** The repository's address in a browser; empty while there is none. */
  repository: z.union([z.literal(''), z.url({ protocol: /^https$/ })]),
  /** The name of each package on npm. */
  names: z.strictObject({ kafka: z.string(), streams: z.string(), 'create-streams-app': z.string() }),
});

/** The part `publishing` of the root's package.json. */
export type Publishing = z.infer<typeof publishingSchema>;

/** Reads `publishing` of a project's package.json. @throws ZodError that names what is wrong in it. */
export function readPublishing(root: string): Publishing {
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return z.looseObject({ publishing: publishingSchema }).parse(manifest).publishing;
}

/** The name that a package has in this repository, by which its sources import it. */
function sourceName(name: Published): string {
  return `@activity/${name}`;
}

/** A text with the packages' public names in the place of those that they have in this repository. */
export function renamed(text: string, { names }: Pick<Publishing, 'names'>): string {
  return published.reduce(
    (now, name) => now.replaceAll(new RegExp(`${sourceName(name)}(?![\\w-])`, 'g'), () => names[name]),
    text.replaceAll('npm create @activity/streams-app', () => `npm create ${createWord(names)}`),
  );
}

/** The word after `npm create`, which npm completes by `create-`. */
function createWord(names: Publishing['names']): string {
  return names['create-streams-app'].replace(/(^|\/)create-/, '$1');
}
