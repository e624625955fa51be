// The API reference: Markdown made of the docstrings by TypeDoc.
import { Application } from 'typedoc';
import { join } from 'node:path';

/** What TypeDoc calls the entries, and what a program imports them by. */
const entries: Readonly<Record<string, string>> = {
  'streams/src': '@activity/streams',
  'streams/src/page': '@activity/streams/page',
  'streams/src/testing': '@activity/streams/testing',
  'kafka/src': '@activity/kafka',
};

/** Writes the reference into a folder. @throws Error where TypeDoc finds an error. */
export async function writeApi(root: string, out: string): Promise<void> {
  const streams = join(root, 'packages', 'streams');
  const app = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: [
      join(streams, 'src', 'index.ts'),
      join(streams, 'src', 'page', 'index.ts'),
      join(streams, 'src', 'testing', 'index.ts'),
      join(root, 'packages', 'kafka', 'src', 'index.ts'),
    ],
    tsconfig: join(streams, 'tsconfig.build.json'),
    ...({ hidePageHeader: true, entryFileName: 'index' } as object),
    name: 'API reference',
    readme: 'none',
    disableSources: true,
    disableGit: true,
    excludeInternal: true,
    excludePrivate: true,
    // The compiler has its own check, and this compiler is an older one.
    skipErrorChecking: true,
    validation: false,
    logLevel: 'Error',
  });
  const project = await app.convert();
  if (!project) throw new Error('TypeDoc could not read the packages');
  for (const module of project.children ?? []) module.name = entries[module.name] ?? module.name;
  await app.outputs.writeOutput({ name: 'markdown', path: out }, project);
  if (app.logger.hasErrors()) throw new Error('TypeDoc found errors: see above');
}
