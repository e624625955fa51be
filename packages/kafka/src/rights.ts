// Missing rights: what a broker's refusal asks for, in the words of Kafka's ACLs.

/** The operations that ACLs allow. */
export type Operation = 'Read' | 'Write' | 'Create' | 'Delete' | 'Describe' | 'DescribeConfigs';

const resources: Record<string, string> = {
  TOPIC_AUTHORIZATION_FAILED: 'topic',
  GROUP_AUTHORIZATION_FAILED: 'group',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'transactional id',
};

const includedIn: Record<string, string> = { topic: 'Read and Write include', group: 'Read includes' };

/** Whether an error name is a refusal for want of a right. */
export function isRefusal(name: string): boolean {
  return name.endsWith('AUTHORIZATION_FAILED');
}

const topicRefused = 29;

/** The topics that an answer refuses: those with that code anywhere below their name. */
export function refusedTopics(answer: unknown): string[] {
  if (typeof answer !== 'object' || answer === null) return [];
  const below = Object.values(answer).flatMap((value: unknown) => refusedTopics(value));
  if (!('name' in answer) || typeof answer.name !== 'string') return below;
  return holdsRefusal(answer) ? [answer.name] : below;
}

function holdsRefusal(answer: object): boolean {
  return Object.entries(answer).some(([field, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null
      ? holdsRefusal(value)
      : /errorCode$/i.test(field) && value === topicRefused,
  );
}

/** Names the right to grant; `topics` where it is known which ones are meant. */
export function missingRight(
  name: string,
  operation: Operation | undefined,
  topics: readonly string[],
): string {
  // A producer without transactions needs no right to the cluster where it may write to some topic.
  if (name === 'CLUSTER_AUTHORIZATION_FAILED' && operation === 'Write')
    return 'grant the principal Write on the topics that it writes to';
  const resource = resources[name] ?? 'cluster';
  const what = resource === 'topic' && topics.length > 0 ? `topic ${topics.join(', ')}` : `this ${resource}`;
  // Transactional ids know Write and Describe, which Write includes.
  const right = resource === 'transactional id' ? 'Write' : (operation ?? 'this right');
  const included = operation === 'Describe' ? includedIn[resource] : undefined;
  const words = included === undefined ? right : `${right} (which ${included})`;
  return `grant the principal ${words} on ${what}`;
}
