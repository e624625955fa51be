import { describe, expect, test } from 'vitest';
import { mongoRefusal, needing, reasonOf } from './refusals.ts';

function kafkaError(name: string): Error {
  return Object.assign(new Error('Describing configs failed.'), {
    errors: [{ errors: [{ apiId: 'NONE' }, { apiId: name }] }],
  });
}

describe('Kafka', () => {
  test('names the right where it refuses', async () => {
    const failing = needing('Write on topic raw', () =>
      Promise.reject(kafkaError('TOPIC_AUTHORIZATION_FAILED')),
    );
    await expect(failing).rejects.toThrowError(
      'Kafka refuses it (TOPIC_AUTHORIZATION_FAILED): grant the principal Write on topic raw',
    );
  });

  test('names the right that the caller needs where the client names a smaller one', async () => {
    const error = Object.assign(
      new Error('describing topic raw: grant the principal Describe on topic raw'),
      {
        code: 'NOT_AUTHORIZED',
      },
    );
    await expect(needing('Write on topic raw', () => Promise.reject(error))).rejects.toThrowError(
      'Kafka refuses it (NOT_AUTHORIZED): grant the principal Write on topic raw',
    );
  });

  test('asks for the password where it does not know the user, also deep in a cause', async () => {
    const error = new Error('no', { cause: kafkaError('SASL_AUTHENTICATION_FAILED') });
    await expect(needing('Write', () => Promise.reject(error))).rejects.toThrowError('KAFKA_SASL_PASSWORD');
  });

  test('any other error stays as it is', async () => {
    const error = kafkaError('NOT_LEADER_OR_FOLLOWER');
    await expect(needing('Write', () => Promise.reject(error))).rejects.toBe(error);
    expect(await needing('Write', () => Promise.resolve(1))).toBe(1);
  });
});

describe('MongoDB', () => {
  function refused(message: string, code = 13): Error {
    return Object.assign(new Error(message), { name: 'MongoServerError', code });
  }

  test.each([
    ['{ find: "logs", filter: { userId: "ada" } }', 'find on activity.logs: grant the user the action find'],
    [
      '{ delete: "logs", deletes: [ { q: { userId: "ada" } } ] }',
      'delete on activity.logs: grant the user the action remove',
    ],
    [
      '{ aggregate: "logs", pipeline: [ { $changeStream: {} } ] }',
      'aggregate on activity.logs: grant the user the action find and changeStream',
    ],
    ['{ dbStats: 1, $db: "activity" }', 'dbStats on activity: grant the user the action dbStats'],
  ])('%s', (command, words) => {
    const reason = mongoRefusal(refused(`not authorized on activity to execute command ${command}`));
    expect(reason).toContain(words);
    expect(reason).not.toContain('ada');
  });

  test('a user that is not known, and other errors', () => {
    expect(mongoRefusal(refused('Authentication failed.', 18))).toContain('MONGODB_URI');
    expect(mongoRefusal(refused('x', 11_000))).toBeUndefined();
    expect(mongoRefusal(new Error('x'))).toBeUndefined();
    expect(reasonOf(new Error('x'))).toBe('x');
    expect(reasonOf('y')).toBe('y');
  });
});
