// Addresses of brokers as people write them.
import { expect, test } from 'vitest';
import { addressOf } from './broker-address.ts';

test.each([
  ['kafka:9093', 'kafka', 9093],
  ['kafka', 'kafka', 9092],
  ['127.0.0.1:1', '127.0.0.1', 1],
  ['[::1]:2', '::1', 2],
  ['[fe80::1]', 'fe80::1', 9092],
  ['::1', '::1', 9092],
])('%s is host %s, port %i', (broker, host, port) => {
  expect(addressOf(broker)).toEqual({ host, port });
});
