import { expect, test } from 'vitest';
import { BrokerTurns, nameOf } from './broker-turns.ts';

const order = (turns: BrokerTurns): string[] => turns.inTurn().map(nameOf);

test('asks the brokers in the order given, until one fails: then another is first', () => {
  const turns = new BrokerTurns(['a:1', 'b:2', '[::1]:3']);
  expect(order(turns)).toEqual(['a:1', 'b:2', '::1:3']);
  turns.next();
  expect(order(turns)).toEqual(['b:2', '::1:3', 'a:1']);
  turns.next();
  turns.next();
  expect(order(turns)).toEqual(['a:1', 'b:2', '::1:3']);
});

test('asks brokers that the cluster named, too, and no broker twice', () => {
  const turns = new BrokerTurns(['a:1']);
  turns.learn([
    { host: 'a', port: 1 },
    { host: 'b', port: 1 },
  ]);
  expect(order(turns)).toEqual(['a:1', 'b:1']);
  turns.next();
  expect(order(turns)).toEqual(['b:1', 'a:1']);
  turns.learn([]);
  expect(order(turns)).toEqual(['a:1']);
});
