// The settings of topics as a broker has them, against those that the pipeline needs.
import { requiredSettings, type TopicSpec } from './topics.ts';

/** One setting of a topic, as DescribeConfigs returns it. */
export interface TopicSetting {
  topic: string;
  name: string;
  value: string | null;
  /** Set on this topic; otherwise a default of the broker or the cluster. */
  own: boolean;
}

/** A setting that a topic is to be given. */
export interface SettingChange {
  topic: string;
  name: string;
  value: string;
}

/** Kafka's number of the source of a setting that was set on its topic: `DYNAMIC_TOPIC_CONFIG`. */
export const ownSource = 1;

/** Lists are sets: `compact,delete` is `delete,compact`. */
function isSame(one: string, other: string | null): boolean {
  const sorted = (text: string | null): string => (text ?? '').split(',').toSorted().join(',');
  return sorted(one) === sorted(other);
}

function isRequired(name: string): boolean {
  return requiredSettings.some((one) => one === name);
}

/**
 * The changes that give topics the settings they need. A setting that an operator has chosen stays as it is,
 * unless records are lost or misread with it. Topics of which nothing was found are left out.
 */
export function settingChanges(specs: readonly TopicSpec[], found: readonly TopicSetting[]): SettingChange[] {
  return specs.flatMap(({ name: topic, config }) =>
    Object.entries(config).flatMap(([name, value]) => {
      const known = found.find((one) => one.topic === topic && one.name === name);
      if (known === undefined || isSame(value, known.value)) return [];
      return isRequired(name) || !known.own ? [{ topic, name, value }] : [];
    }),
  );
}

/** What is wrong with settings without which records are lost or misread; undefined where nothing is. */
export function settingProblem(
  specs: readonly TopicSpec[],
  found: readonly TopicSetting[],
): string | undefined {
  const wrong = settingChanges(specs, found).filter(({ name }) => isRequired(name));
  if (wrong.length === 0) return undefined;
  const each = wrong.map(({ topic, name, value }) => {
    const known = found.find((one) => one.topic === topic && one.name === name);
    return `topic ${topic} has ${name}=${known?.value ?? ''} and needs ${name}=${value}`;
  });
  return `${each.join('; ')}: run the step that makes the topics, which alters it`;
}
