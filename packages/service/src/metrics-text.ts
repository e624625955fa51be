// What `/metrics` returns: the registry's metrics, and for one version their former names too.
import type { Registry } from 'prom-client';

/** Returns lines about metrics of ours again, by the names that they had before version 0.2. */
function byFormerNames(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const found = /^(# (?:HELP|TYPE) )?activity_/.exec(line);
    return found ? [(found[1] ?? '') + line.slice(found[0].length)] : [];
  });
}

/** The metrics in Prometheus' text format. */
export async function metricsText(registry: Registry): Promise<string> {
  const text = await registry.metrics();
  const former = byFormerNames(text);
  return former.length === 0 ? text : `${text.trimEnd()}\n${former.join('\n')}\n`;
}
