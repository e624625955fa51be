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
      "KAFKA_BROKERS",
      "KAFKA_TLS",
      "KAFKA_TLS_CA",
      "KAFKA_SASL_USERNAME",
      "KAFKA_SASL_PASSWORD",
      "KAFKA_SASL_MECHANISM",
      "KAFKA_TOPIC",
      "KAFKA_AUDIT_TOPIC",
      "KAFKA_COMPRESSION",
      "KAFKA_TYPES_TOPIC",
      "ACTIVITY_TYPES",
      "UNKNOWN_TYPES",
      "MIN_EVENT_YEAR",
      "QUERY_URL",
      "API_KEYS_FILE",
      "ALLOW_ANONYMOUS",
      "ALLOWED_HOSTS",
      "RATE_LIMIT_PER_KEY",
      "RATE_LIMIT_PER_ADDRESS",
      "RATE_LIMIT_PUBLIC_PER_ADDRESS",
      "SENDER_ADDRESS",
      "SENDER_USER_AGENT",
      "RATE_LIMIT_BURST_SECONDS",
      "TRUSTED_PROXIES",
      "CORS_ORIGINS",
      "CORS_HEADERS",
      "MAX_EVENT_BYTES",
      "MAX_CONNECTIONS",
      "ACK_DEADLINE_MS",
      "MAX_WAITING_BYTES",
      "MAX_RECEIVED_BYTES",
      "OTEL_EXPORTER_OTLP_ENDPOINT",
      "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
      "OTEL_EXPORTER_OTLP_TIMEOUT",
      "OTEL_SDK_DISABLED",
      "OTEL_TRACES_SAMPLER",
      "OTEL_TRACES_SAMPLER_ARG",
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
