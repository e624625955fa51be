// The variables of OpenTelemetry that services read, under the names of its specification.
import { z } from 'zod';
import { integer, optionalHttpUrl } from '../config-types.ts';

const samplers = [
  'parentbased_traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'traceidratio',
  'always_on',
  'always_off',
] as const;

/** Which traces are recorded, by OpenTelemetry's names. */
export type Sampler = (typeof samplers)[number];

/** Environment variables of whatever records spans. */
export const tracingVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalHttpUrl().describe(
    'Collector of OpenTelemetry spans (OTLP over HTTP), such as http://collector:4318; unset: no spans',
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: optionalHttpUrl().describe(
    'The same as a whole URL, which is used as it is: without /v1/traces added',
  ),
  OTEL_EXPORTER_OTLP_TIMEOUT: integer(5_000, 100, 8_000).describe(
    'How long one export of spans may take, in milliseconds; spans that the collector has not taken by then are lost',
  ),
  OTEL_SDK_DISABLED: z.stringbool().default(false).describe('Whether no spans are recorded all the same'),
  OTEL_TRACES_SAMPLER: z
    .enum(samplers)
    .default('parentbased_traceidratio')
    .describe(
      `Which requests have spans: ${samplers.join(', ')}; with parentbased_ a request whose traceparent says sampled or not decides itself`,
    ),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .default('0.01')
    .transform(Number)
    .pipe(z.number('must be a number from 0 to 1').min(0).max(1))
    .describe('The share of traceidratio, from 0 to 1'),
};

/** What recording spans needs. Plain data, so that it can be given to a thread. */
export interface TracingSettings {
  /** `service.name`, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES say otherwise. */
  service: string;
  /** Where spans are sent. */
  url: string;
  timeoutMs: number;
  sampler: Sampler;
  ratio: number;
}

type Config = { [V in keyof typeof tracingVariables]: z.output<(typeof tracingVariables)[V]> };

/** The settings; undefined where spans are off. */
export function tracingOf(config: Config, service: string): TracingSettings | undefined {
  const base = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  const url =
    config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (base === undefined ? undefined : `${base}/v1/traces`);
  if (url === undefined || config.OTEL_SDK_DISABLED) return undefined;
  return {
    service,
    url,
    timeoutMs: config.OTEL_EXPORTER_OTLP_TIMEOUT,
    sampler: config.OTEL_TRACES_SAMPLER,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
  };
}
