// A package's manifest as npm gets it: `exports` lead to dist, and the repository's address is in it.
import { z } from 'zod';
import { renamed, type Published, type Publishing } from './publishing.ts';

const sourceSchema = z.looseObject({
  name: z.string(),
  version: z.string(),
  private: z.literal(true),
  scripts: z.unknown().optional(),
  devDependencies: z.unknown().optional(),
  publishConfig: z.looseObject({ exports: z.unknown().optional() }),
});

/** The text of the manifest to publish, made from that of the sources. Its fields keep their order. */
export function publishedManifest(text: string, name: Published, publishing: Publishing): string {
  const source = sourceSchema.parse(JSON.parse(text));
  // `private` keeps npm from publishing the sources' manifest, and the other two are for work on the sources.
  const { private: _, scripts: _scripts, devDependencies: _dev, publishConfig, ...rest } = source;
  const { exports, ...config } = publishConfig;
  const manifest = {
    ...rest,
    ...(exports !== undefined && { exports }),
    publishConfig: config,
    ...metadata(name, publishing),
  };
  return renamed(`${JSON.stringify(manifest, null, 2)}\n`, publishing);
}

/** What a manifest says of the repository; nothing while the address is unset. */
function metadata(name: Published, { repository }: Publishing): object {
  if (repository === '') return {};
  const directory = `packages/${name}`;
  return {
    repository: { type: 'git', url: `git+${repository}.git`, directory },
    homepage: `${repository}/tree/main/${directory}#readme`,
    bugs: { url: `${repository}/issues` },
  };
}
