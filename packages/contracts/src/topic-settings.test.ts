import { expect, test } from 'vitest';
import { settingChanges, settingProblem, type TopicSetting } from './topic-settings.ts';
import { defaultTopics, topicSpecs } from './topics.ts';

const raw = topicSpecs(defaultTopics).filter(({ name }) => name === defaultTopics.raw);

function asSpecified(change: Partial<TopicSetting> & { name?: string } = {}): TopicSetting[] {
  return Object.entries(raw[0]?.config ?? {}).map(([name, value]) => ({
    topic: defaultTopics.raw,
    name,
    value,
    own: true,
    ...(change.name === name && change),
  }));
}

test('a topic as it is specified needs nothing', () => {
  expect(settingChanges(raw, asSpecified())).toEqual([]);
  expect(settingProblem(raw, asSpecified())).toBeUndefined();
});

test('a topic by the time of its producers is altered, whoever set that, and is a problem by name', () => {
  const found = asSpecified({ name: 'message.timestamp.type', value: 'CreateTime' });
  expect(settingChanges(raw, found)).toEqual([
    { topic: defaultTopics.raw, name: 'message.timestamp.type', value: 'LogAppendTime' },
  ]);
  expect(settingProblem(raw, found)).toMatch(
    /^topic user-activity-logs has message.timestamp.type=CreateTime and needs message.timestamp.type=LogAppendTime/,
  );
});

test('a retention that an operator has set stays; a default is replaced; neither is a problem', () => {
  const chosen = asSpecified({ name: 'retention.ms', value: '7776000000' });
  expect(settingChanges(raw, chosen)).toEqual([]);
  const byDefault = asSpecified({ name: 'retention.ms', value: '604800000', own: false });
  expect(settingChanges(raw, byDefault)).toEqual([
    { topic: defaultTopics.raw, name: 'retention.ms', value: '2592000000' },
  ]);
  expect(settingProblem(raw, byDefault)).toBeUndefined();
});

test('the order of a list says nothing, and a topic that is not there needs nothing', () => {
  const counts = topicSpecs(defaultTopics).filter(({ name }) => name === defaultTopics.counts);
  const found = [{ topic: defaultTopics.counts, name: 'cleanup.policy', value: 'delete,compact', own: true }];
  expect(settingChanges(counts, found)).toEqual([]);
  expect(settingChanges(counts, [])).toEqual([]);
});

test('what a broker deletes from by time has the time of the broker; what is a changelog is never deleted from by time', () => {
  for (const { name, config } of topicSpecs(defaultTopics)) {
    const byTime = config['cleanup.policy']?.includes('delete') === true;
    expect([name, config['message.timestamp.type']]).toEqual([name, byTime ? 'LogAppendTime' : 'CreateTime']);
  }
});
