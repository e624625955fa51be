import { ConfigError, parseConfig, variablesOf } from '@activity/service';
import { expect, test } from 'vitest';
import { configSchema } from './config.ts';

test('every variable has a default and says what it is for', () => {
  expect(variablesOf(configSchema).map(({ name }) => name)).toMatchInlineSnapshot(`
    [
      "PORT",
      "PROBE_PORT",
      "HOST",
      "TLS_CERT",
      "TLS_KEY",
      "TLS_CA",
      "MONGODB_URI",
      "PROCESSOR_URLS",
      "SUPERVISOR_URL",
      "STAGES_API_KEY",
      "KAFKA_BROKERS",
      "KAFKA_TLS",
      "KAFKA_TLS_CA",
      "KAFKA_SASL_USERNAME",
      "KAFKA_SASL_PASSWORD",
      "KAFKA_SASL_MECHANISM",
      "KAFKA_TYPES_TOPIC",
      "ACTIVITY_TYPES",
      "UNKNOWN_TYPES",
      "API_KEYS_FILE",
      "ALLOW_ANONYMOUS",
      "ALLOWED_HOSTS",
      "SESSION_HOURS",
      "SESSION_KEY",
      "CURSOR_KEY",
      "READ_TIMEOUT_MS",
      "SLOW_READ_MS",
      "EXPLAIN_EVERY_MS",
      "MAX_POOL_SIZE",
      "MAX_TAILS",
      "MAX_EXPORTS",
      "MAX_UNREAD_BYTES",
      "STALLED_AFTER_MS",
      "MAX_CONNECTIONS",
      "NODE_ENV",
      "LOG_LEVEL",
    ]
  `);
  expect(() => parseConfig(configSchema, {})).not.toThrow();
});

test('what is wrong is reported all at once', () => {
  const environment = { HOST: ' ', NODE_ENV: 'prod', LOG_LEVEL: 'loud' };
  expect(() => parseConfig(configSchema, environment)).toThrow(ConfigError);
  expect(() => parseConfig(configSchema, environment)).toThrow(/NODE_ENV.*\n.*LOG_LEVEL/);
});
