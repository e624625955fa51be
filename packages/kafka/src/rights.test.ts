import { expect, test } from 'vitest';
import { missingRight, refusedTopics } from './rights.ts';

test.each([
  ['TOPIC_AUTHORIZATION_FAILED', 'Write', ['a', 'b'], 'grant the principal Write on topic a, b'],
  ['TOPIC_AUTHORIZATION_FAILED', 'Read', [], 'grant the principal Read on this topic'],
  [
    'TOPIC_AUTHORIZATION_FAILED',
    'Describe',
    ['a'],
    'grant the principal Describe (which Read and Write include) on topic a',
  ],
  ['GROUP_AUTHORIZATION_FAILED', 'Read', ['a'], 'grant the principal Read on this group'],
  ['GROUP_AUTHORIZATION_FAILED', undefined, [], 'grant the principal this right on this group'],
  ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'Read', [], 'grant the principal Write on this transactional id'],
  ['CLUSTER_AUTHORIZATION_FAILED', 'Write', [], 'grant the principal Write on the topics that it writes to'],
  ['CLUSTER_AUTHORIZATION_FAILED', 'Create', [], 'grant the principal Create on this cluster'],
] as const)('%s for want of %s on %j', (name, operation, topics, text) => {
  expect(missingRight(name, operation, topics)).toBe(text);
});

test('the topics that are refused are found in answers of any form', () => {
  const partitions = [{ partitionIndex: 0, partitionErrorCode: 29 }];
  const allowed = { name: 'allowed', partitions: [{ partitionIndex: 0, errorCode: 55 }] };
  const refused = { name: 'refused', partitions };
  expect(refusedTopics({ throttleTimeMs: 0, groups: [{ topics: [allowed, refused] }] })).toEqual(['refused']);
  expect(refusedTopics({ topics: [{ name: 'whole', errorCode: 29 }, allowed] })).toEqual(['whole']);
  expect(refusedTopics({ topics: [allowed] })).toEqual([]);
  expect(refusedTopics(undefined)).toEqual([]);
});
