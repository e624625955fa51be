// The TypeScript blocks of a Markdown page,
// each made into a module of its own so that the compiler can check it.

import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A block of code, and the line of the page it begins on. */
export interface Snippet {
  line: number;
  /** The file that its first line names: `// topology.ts`. */
  file?: string;
  code: string;
}

/** The `ts` blocks of a page. */
export function snippetsOf(markdown: string): Snippet[] {
  const snippets: Snippet[] = [];
  for (const match of markdown.matchAll(/^```ts\n([\s\S]*?)^```$/gm)) {
    const line = markdown.slice(0, match.index).split('\n').length + 1;
    const code = match[1] ?? '';
    const file = /^\/\/ ([\w-]+(?:\.test)?\.ts)$/m.exec(code.split('\n')[0] ?? '')?.[1];
    snippets.push({ line, code, ...(file !== undefined && { file }) });
  }
  return snippets;
}

/** What a block without imports of its own may use. */
const given = `
import * as streamsPackage from '@activity/streams';
import { TopologyTestDriver } from '@activity/streams/testing';
import { expect } from 'vitest';
const {
  createStreams, describeTopology, hopping, jsonSerde, numberSerde, openTopicReader, readFirstCopy, resetApplication, stringSerde, StreamsBuilder, tumbling,
  windowedSerde,
} = streamsPackage;
declare const streams: streamsPackage.Streams;
declare const builder: streamsPackage.StreamsBuilder;
declare const stream: streamsPackage.KStream<string, string>;
export async function snippet(): Promise<void> {
`;

/** A block as a module. One without imports becomes the body of a function. */
export function moduleOf({ code }: Snippet): string {
  return code.includes('import ') && /^import /m.test(code) ? code : `${given}${code}\n}\n`;
}

/** Writes the files that a page shows into a folder where Node finds the packages; returns the folder. */
export function projectOf(page: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  symlinkSync(join(import.meta.dirname, '..', '..', '..', 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const { file, code } of snippetsOf(readFileSync(page, 'utf8')))
    if (file !== undefined) writeFileSync(join(folder, file), code);
  return folder;
}
