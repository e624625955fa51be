// `.env.example`: every variable of the launcher and of the services, with its default.
import { variablesOf, type ConfigShape } from '@activity/service';
import type { z } from 'zod';

/** One program with its variables. */
export interface Section {
  title: string;
  schema: z.ZodObject<ConfigShape>;
  /** Variables that `npm start` sets itself, whatever the environment says. */
  given: ReadonlySet<string>;
}

const head = `# Every variable with its default. Copy it to .env, which npm start reads, and change what should differ.
# What npm start sets itself is commented out: it matters where a service is run on its own.
`;

/** Writes the file. A variable that several programs read alike is listed once. */
export function envExample(sections: readonly Section[]): string {
  const listed = new Set<string>();
  const blocks = sections.map(({ title, schema, given }) => {
    const lines = variablesOf(schema).flatMap((variable) => {
      const line = `${variable.name}=${variable.default}`;
      if (listed.has(line)) return [];
      listed.add(line);
      const off = given.has(variable.name) || variable.default === '' ? '#' : '';
      return [`# ${variable.description}`, `${off}${line}`];
    });
    return [`# == ${title}`, ...lines, ''].join('\n');
  });
  return [head, ...blocks].join('\n');
}
