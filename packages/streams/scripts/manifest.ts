// The manifest's two forms: in the repository `exports` lead to the sources, in the package to dist. What the other
// form says waits in `publishConfig.exports`.

/** Which form a manifest has. */
export type ManifestForm = 'source' | 'published';

interface Manifest {
  exports: { '.': unknown };
  publishConfig: { exports: unknown };
}

/** The text of a manifest in one form; a manifest that has it already is answered as it is. */
export function manifestIn(form: ManifestForm, text: string): string {
  const manifest = JSON.parse(text) as Manifest;
  const now: ManifestForm = manifest.exports['.'] === './src/index.ts' ? 'source' : 'published';
  if (now === form) return text;
  const { exports, publishConfig } = manifest;
  const swapped = {
    ...manifest,
    exports: publishConfig.exports,
    publishConfig: { ...publishConfig, exports },
  };
  return `${JSON.stringify(swapped, null, 2)}\n`;
}
