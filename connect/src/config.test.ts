import { topicVariables } from '@activity/contracts';
import { ConfigError, parseConfig, variablesOf } from '@activity/service';
import { expect, test } from 'vitest';
import { configSchema } from './config.ts';

test('the variables are these, and those of the topics', () => {
  const names = variablesOf(configSchema).map(({ name }) => name);
  expect(names.filter((name) => !(name in topicVariables))).toMatchInlineSnapshot(`
    [
      "KAFKA_BROKERS",
      "KAFKA_TLS",
      "KAFKA_TLS_CA",
      "KAFKA_SASL_USERNAME",
      "KAFKA_SASL_PASSWORD",
      "KAFKA_SASL_MECHANISM",
      "KAFKA_GROUP_ID",
      "CONNECT_URL",
      "CONNECT_USERNAME",
      "CONNECT_PASSWORD",
      "MONGODB_URI",
      "SINK_MONGODB_USERNAME",
      "SINK_MONGODB_PASSWORD",
      "CONNECTOR_PREFIX",
      "REGISTER_CONNECTORS",
      "SINK_TASKS_MAX",
      "POLL_INTERVAL_MS",
      "WATCH_INTERVAL_MS",
      "FRESHNESS_INTERVAL_MS",
      "LEDGER_INTERVAL_MS",
      "MARKER_TTL_SECONDS",
      "RECEIPT_TTL_DAYS",
      "AUDIT_TTL_DAYS",
      "MINUTE_TTL_DAYS",
      "HOUR_TTL_DAYS",
      "DAY_TTL_DAYS",
      "LOG_FILTER_INDEXES",
      "METRICS_PORT",
      "HOST",
      "TLS_CERT",
      "TLS_KEY",
      "TLS_CA",
      "API_KEYS_FILE",
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
