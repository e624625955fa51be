// The Dockerfile as data: stages and their instructions.
import { read } from './sources.ts';

/** One instruction: its keyword in capitals, and the rest of the line. */
export interface Instruction {
  keyword: string;
  text: string;
}

/** One stage. */
export interface Stage {
  name: string;
  /** The image or stage that it begins from, with arguments filled in by their defaults. */
  from: string;
  instructions: Instruction[];
}

/** The arguments with their defaults, and the stages by name. */
export interface Dockerfile {
  args: Record<string, string>;
  stages: Map<string, Stage>;
}

/** Reads the Dockerfile. */
export function readDockerfile(text: string = read('Dockerfile')): Dockerfile {
  const args: Record<string, string> = {};
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  const lines = text.replaceAll(/\\\n\s*/g, '').split('\n');
  for (const line of lines) {
    const match = /^([A-Z]+)\s+(.*)$/.exec(line);
    if (match === null) continue;
    const [, keyword = '', rest = ''] = match;
    if (keyword === 'FROM') {
      const [image = '', , name = ''] = rest.split(/\s+/);
      const from = image.replaceAll(/\$\{(\w+)\}/g, (_, arg: string) => args[arg] ?? '');
      stage = { name, from, instructions: [] };
      stages.set(name, stage);
    } else if (stage === undefined && keyword === 'ARG') {
      const [name = '', value = ''] = rest.split('=');
      args[name] = value;
    } else stage?.instructions.push({ keyword, text: rest });
  }
  return { args, stages };
}

/** The instructions of one keyword, those of the stages it is built on first. */
export function inherited(dockerfile: Dockerfile, name: string, keyword: string): string[] {
  const stage = dockerfile.stages.get(name);
  if (stage === undefined) return [];
  const own = stage.instructions.filter((instruction) => instruction.keyword === keyword);
  return [...inherited(dockerfile, stage.from, keyword), ...own.map(({ text }) => text)];
}

/** The environment that a target's image sets. */
export function environmentOf(dockerfile: Dockerfile, name: string): Record<string, string> {
  const pairs = inherited(dockerfile, name, 'ENV').flatMap((text) => text.split(/\s+/));
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}
