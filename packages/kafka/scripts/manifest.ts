// The manifest's two forms: in the repository `exports` lead to the sources, in the package to dist. What
// dist's are waits in `publishConfig.exports`; what the sources' are, in `sourceExports`.

/** Which form a manifest has. */
export type ManifestForm = 'source' | 'published';

interface Manifest {
  exports: unknown;
  sourceExports?: unknown;
  publishConfig: { exports?: unknown };
}

/** The text of a manifest in one form; a manifest that has it already is answered as it is. */
export function manifestIn(form: ManifestForm, text: string): string {
  const { sourceExports, publishConfig, ...rest } = JSON.parse(text) as Manifest;
  const now: ManifestForm = sourceExports === undefined ? 'source' : 'published';
  if (now === form) return text;
  if (form === 'source') {
    const source = {
      ...rest,
      exports: sourceExports,
      publishConfig: { exports: rest.exports, ...publishConfig },
    };
    return textOf(source, text);
  }
  const { exports, ...others } = publishConfig;
  return textOf({ ...rest, exports, publishConfig: others, sourceExports: rest.exports }, text);
}

/** JSON with its fields in the order that a text has them; new ones come last. */
function textOf(manifest: object, text: string): string {
  const order = Object.keys(JSON.parse(text) as object);
  const known = Object.fromEntries(order.filter((key) => key in manifest).map((key) => [key, undefined]));
  return `${JSON.stringify({ ...known, ...manifest }, null, 2)}\n`;
}
