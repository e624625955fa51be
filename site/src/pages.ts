// The pages of the site, and the files of the project that they are made of.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One page. */
export interface SitePage {
  /** The file that it is made of, from the root of the project. */
  source: string;
  /** Where it is on the site: `tutorial/11-joins.md`. */
  path: string;
  title: string;
  /** What a reader finds there, for llms.txt. */
  description: string;
}

const docs = 'packages/streams/docs';

/** Pages that are not chapters of the tutorial, in the order of the site. */
const fixed: readonly SitePage[] = [
  {
    source: 'packages/streams/README.md',
    path: 'index.md',
    title: '@activity/streams',
    description: 'first steps, guarantees, settings, errors, metrics, testing',
  },
  {
    source: `${docs}/from-kafkajs.md`,
    path: 'from-kafkajs.md',
    title: 'From kafkajs',
    description: 'how to move a consumer and producer of kafkajs',
  },
  {
    source: `${docs}/from-kafka-streams.md`,
    path: 'from-kafka-streams.md',
    title: 'From Kafka Streams',
    description: 'how to move an application of Kafka Streams in Java',
  },
  {
    source: `${docs}/kafka-streams.md`,
    path: 'kafka-streams.md',
    title: 'Compared with Kafka Streams',
    description: 'every name, difference, default, and what is missing',
  },
  {
    source: `${docs}/upgrading.md`,
    path: 'upgrading.md',
    title: 'Upgrading',
    description: 'what may be changed in a running application, and how',
  },
  {
    source: 'packages/kafka/README.md',
    path: 'kafka.md',
    title: '@activity/kafka',
    description: 'the Kafka client below it',
  },
  {
    source: 'packages/streams/CHANGELOG.md',
    path: 'changelog.md',
    title: 'Changelog',
    description: 'what each release changed',
  },
];

/** All pages but those of the API. */
export function pagesOf(root: string): SitePage[] {
  const folder = `${docs}/tutorial`;
  const chapters = readdirSync(join(root, folder))
    .filter((file) => /^\d\d-.*\.ts$/.test(file))
    .toSorted()
    .map((file): SitePage => {
      const name = file.replace(/(\.integration)?(\.test)?\.ts$/, '');
      const title = name.slice(3).replaceAll('-', ' ');
      return {
        source: `${folder}/${file}`,
        path: `tutorial/${name}.md`,
        title: `${Number(name.slice(0, 2))} ${title}`,
        description: `chapter ${Number(name.slice(0, 2))} of the tutorial: ${title}`,
      };
    });
  const overview: SitePage = {
    source: `${folder}/README.md`,
    path: 'tutorial/index.md',
    title: 'Tutorial',
    description: 'the chapters, each of which is a test',
  };
  return [...fixed.slice(0, 1), overview, ...chapters, ...fixed.slice(1)];
}
