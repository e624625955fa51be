// docs/configuration.md: every variable of every program, written from their schemas.
import { variablesOf, type ConfigShape } from '@activity/service';
import type { z } from 'zod';

/** One program with its variables. */
export interface Program {
  title: string;
  /** What it is, in a sentence. */
  about: string;
  schema: z.ZodObject<ConfigShape>;
}

const head = `# Configuration

Everything is set by environment variables, which each program checks when it starts: all that is wrong is said at once, and the
program ends with 1. A variable that is empty counts as not set. Each can come out of a file instead, which \`NAME_FILE\` names: secrets are better
kept there ([security](security.md)). \`npm start\` reads \`.env\` too ([\`.env.example\`](../.env.example)); in
containers and on Kubernetes the manifests set what differs from the default ([\`docker-compose.yml\`](../docker-compose.yml),
[\`k8s/\`](../k8s)).

This page is written from the programs' schemas by \`npm run docs:generate\`, and a test fails while it is out of date.
`;

/** A text in a cell of a Markdown table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function table({ title, about, schema }: Program): string {
  const rows = variablesOf(schema).map(({ name, default: fallback, description }) => {
    const value = fallback === '' ? '' : `\`${cell(fallback)}\``;
    return `| \`${name}\` | ${value} | ${cell(description)} |`;
  });
  return [
    `## ${title}`,
    '',
    about,
    '',
    '| variable | default | what it is |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** Writes the page. */
export function configurationPage(programs: readonly Program[]): string {
  return [head, ...programs.map(table)].join('\n');
}
