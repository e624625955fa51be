// Refusals: what a service says where Kafka or MongoDB does not let it do something: which right is missing.

/** The code of @activity/kafka for every refusal for want of a right. */
const notAuthorized = 'NOT_AUTHORIZED';

/** The broker's error names inside an error of @platformatic/kafka, or the code of one of @activity/kafka. */
function brokerErrorsOf(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return [];
  const own = [
    ...('apiId' in error && typeof error.apiId === 'string' ? [error.apiId] : []),
    ...('code' in error && error.code === notAuthorized ? [notAuthorized] : []),
  ];
  const below = 'errors' in error && Array.isArray(error.errors) ? error.errors.flatMap(brokerErrorsOf) : [];
  return [...own, ...below, ...('cause' in error ? brokerErrorsOf(error.cause) : [])];
}

/**
 * Does something in Kafka that needs a right.
 *
 * @throws Error that names the right where Kafka refuses it, or asks for the password where that is what is
 * wrong; else what the call has thrown.
 * @example await needing('Write on topic words', () => producer.send(…));
 */
export async function needing<T>(right: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const names = brokerErrorsOf(error);
    const refused = names.find((name) => name === notAuthorized || name.endsWith('AUTHORIZATION_FAILED'));
    if (refused !== undefined)
      throw new Error(`Kafka refuses it (${refused}): grant the principal ${right}`, { cause: error });
    const unknown = names.find((name) => name === 'SASL_AUTHENTICATION_FAILED');
    if (unknown === undefined) throw error;
    const remedy = 'check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD';
    throw new Error(`Kafka does not know this user (${unknown}): ${remedy}`, { cause: error });
  }
}

/** Which action each command of MongoDB's needs, where it is not called the same. */
const actions: Record<string, string> = {
  aggregate: 'find',
  count: 'find',
  create: 'createCollection',
  createIndexes: 'createIndex',
  delete: 'remove',
  distinct: 'find',
};

const unauthorized = 13;
const authenticationFailed = 18;

/**
 * What MongoDB refuses and the right that is missing; undefined where the error is another. MongoDB's own
 * words hold the whole command, with the ids of people in it: of these, the command's name and its collection
 * are passed on.
 */
export function mongoRefusal(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'MongoServerError' || !('code' in error)) return undefined;
  if (error.code === authenticationFailed)
    return 'MongoDB does not know this user: check the user and password of MONGODB_URI';
  if (error.code !== unauthorized) return undefined;
  const found = /not authorized on (\S+) to execute command \{ (\w+): (?:"([^"]*)")?/.exec(error.message);
  const [, database, command = '', collection] = found ?? [];
  if (database === undefined) return 'MongoDB refuses it: grant the user the role of this service';
  const stream = error.message.includes('$changeStream') ? ' and changeStream' : '';
  const where = collection === undefined ? database : `${database}.${collection}`;
  return `MongoDB refuses ${command} on ${where}: grant the user the action ${actions[command] ?? command}${stream} on it`;
}

/** Why something failed, in one line for a log. */
export function reasonOf(error: unknown): string {
  return mongoRefusal(error) ?? (error instanceof Error ? error.message : String(error));
}
