// Makes the pipeline's topics where they are missing,
// and gives those that are there the settings that they need.
import { ownSource, settingChanges, type SettingChange, type TopicSetting } from './topic-settings.ts';
import { topicSpecs, type TopicSpec, type Topics } from './topics.ts';

/** Kafka's numbers: a resource that is a topic, and the operation that sets a value. */
const topicResource = 2;
const setOperation = 0;

/** A client that reads the settings of topics; the Admin of @platformatic/kafka is one. */
export interface SettingsAdmin {
  describeConfigs: (options: {
    resources: {
      resourceType: typeof topicResource;
      resourceName: string;
      configurationKeys: string[];
    }[];
  }) => Promise<
    {
      resourceName: string;
      configs: { name: string; value?: string | null | undefined; configSource: number }[];
    }[]
  >;
}

/** A client that makes and alters topics; the Admin of @platformatic/kafka is one. */
export interface TopicAdmin extends SettingsAdmin {
  listTopics: () => Promise<string[]>;
  createTopics: (options: {
    topics: string[];
    partitions: number;
    replicas: number;
    configs: { name: string; value: string }[];
  }) => Promise<unknown>;
  incrementalAlterConfigs: (options: {
    resources: {
      resourceType: typeof topicResource;
      resourceName: string;
      configs: { name: string; configOperation: typeof setOperation; value: string }[];
    }[];
  }) => Promise<unknown>;
}

/** What was done. */
export interface MadeTopics {
  /** The names of the new topics. */
  made: string[];
  /** The settings that topics were given which had others. */
  altered: SettingChange[];
}

/** How large new topics are. */
export interface TopicSize {
  partitions: number;
  replicas: number;
}

/**
 * Reads the settings that these topics are specified with. @throws Error where a topic is missing or the
 * right to is.
 */
export async function readSettings(
  admin: SettingsAdmin,
  specs: readonly TopicSpec[],
): Promise<TopicSetting[]> {
  if (specs.length === 0) return [];
  const described = await admin.describeConfigs({
    resources: specs.map(({ name, config }) => ({
      resourceType: topicResource,
      resourceName: name,
      configurationKeys: Object.keys(config),
    })),
  });
  return described.flatMap(({ resourceName, configs }) =>
    configs.map(({ name, value, configSource }) => ({
      topic: resourceName,
      name,
      value: value ?? null,
      own: configSource === ownSource,
    })),
  );
}

/**
 * Makes every topic that is not there yet, and alters the settings of the others where they must be others.
 * Partitions stay as they are.
 *
 * @throws Error where the broker does not answer or refuses.
 */
export async function makeTopics(admin: TopicAdmin, topics: Topics, size: TopicSize): Promise<MadeTopics> {
  const specs = topicSpecs(topics);
  const listed = new Set(await admin.listTopics());
  const made: string[] = [];
  const old: TopicSpec[] = [];
  for (const spec of specs) {
    // A broker lists a topic a moment after it was made; somebody else may have made it, too.
    if (listed.has(spec.name) || !(await make(admin, spec, size))) old.push(spec);
    else made.push(spec.name);
  }
  const altered = settingChanges(old, await readSettings(admin, old));
  if (altered.length > 0) await alter(admin, altered);
  return { made, altered };
}

/** Makes a topic; returns false where it is there already. */
async function make(admin: TopicAdmin, { name, config }: TopicSpec, size: TopicSize): Promise<boolean> {
  const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }));
  try {
    await admin.createTopics({ topics: [name], ...size, configs });
    return true;
  } catch (error) {
    if (isAlreadyThere(error)) return false;
    throw error;
  }
}

async function alter(admin: TopicAdmin, changes: readonly SettingChange[]): Promise<void> {
  const byTopic = Map.groupBy(changes, ({ topic }) => topic);
  await admin.incrementalAlterConfigs({
    resources: [...byTopic].map(([topic, some]) => ({
      resourceType: topicResource,
      resourceName: topic,
      configs: some.map(({ name, value }) => ({ name, configOperation: setOperation, value })),
    })),
  });
}

function isAlreadyThere(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if ('apiId' in error && error.apiId === 'TOPIC_ALREADY_EXISTS') return true;
  if ('cause' in error && isAlreadyThere(error.cause)) return true;
  return 'errors' in error && Array.isArray(error.errors) && error.errors.some(isAlreadyThere);
}
