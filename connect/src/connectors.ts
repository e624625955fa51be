// The connectors: the JSON files of connect/connectors with their placeholders filled.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { topicEnvironment, type Topics } from '@activity/contracts';
import { z } from 'zod';

/** One connector as Connect's REST API takes it. */
export interface Connector {
  name: string;
  config: Record<string, string>;
}

const connectorFile = z.object({ name: z.string(), config: z.record(z.string(), z.string()) });

/** The folder of connector files. */
export const connectorsFolder: string = join(import.meta.dirname, '..', 'connectors');

/** The topics that connector files name: each variable of a topic without `KAFKA_` is a placeholder. */
export function topicPlaceholders(topics: Topics): Record<string, string> {
  return Object.fromEntries(
    Object.entries(topicEnvironment(topics)).map(([name, topic]) => [name.replace(/^KAFKA_/, ''), topic]),
  );
}

/**
 * Reads every connector file, in the order of their names, and replaces each `${NAME}` by its value.
 *
 * @throws Error naming the file where a placeholder has no value or the file is not a connector.
 */
export async function loadConnectors(folder: string, values: Record<string, string>): Promise<Connector[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).toSorted();
  return Promise.all(
    files.map(async (file) => {
      const parsed = connectorFile.safeParse(JSON.parse(await readFile(join(folder, file), 'utf8')));
      if (!parsed.success) throw new Error(`reading connector ${file}: ${parsed.error.message}`);
      const { name, config } = parsed.data;
      return {
        name: fill(name, values, `${file}: name`),
        config: Object.fromEntries(
          Object.entries(config).map(([setting, text]) => [
            setting,
            fill(text, values, `${file}: ${setting}`),
          ]),
        ),
      };
    }),
  );
}

function fill(text: string, values: Record<string, string>, where: string): string {
  return text.replaceAll(/\$\{([A-Z_]+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`reading connector ${where}: no value for \${${name}}`);
    return value;
  });
}
