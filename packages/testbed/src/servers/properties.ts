// Java properties files, which Kafka and Connect are configured with.
import { writeFileSync } from 'node:fs';

/** Settings by name. */
export type Properties = Record<string, string | number | boolean>;

/**
 * Writes settings as a properties file, sorted by name; for its owner alone, as settings may be passwords.
 */
export function writeProperties(file: string, properties: Properties): void {
  const lines = Object.entries(properties)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, value]) => `${name}=${String(value).replaceAll('\\', '\\\\')}`);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
}
