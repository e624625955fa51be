import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../load-config.ts';
import { samplingOf } from './sampling.ts';
import { tracingOf, tracingVariables, type TracingSettings } from './settings.ts';
import { formatTraceParent, parseTraceParent, type TraceParent } from './trace-parent.ts';

function settings(environment: Record<string, string>): TracingSettings | undefined {
  return tracingOf(parseConfig(z.object(tracingVariables), environment), 'ingest');
}

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' };

test('spans are off unless a collector is named', () => {
  expect(settings({})).toBeUndefined();
  expect(settings({ ...endpoint, OTEL_SDK_DISABLED: 'true' })).toBeUndefined();
  expect(settings(endpoint)).toEqual({
    service: 'ingest',
    url: 'http://collector:4318/v1/traces',
    timeoutMs: 5_000,
    sampler: 'parentbased_traceidratio',
    ratio: 0.01,
  });
  const whole = { ...endpoint, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://other/spans' };
  expect(settings(whole)?.url).toBe('https://other/spans');
});

test.each([
  { OTEL_TRACES_SAMPLER: 'sometimes' },
  { OTEL_TRACES_SAMPLER_ARG: '2' },
  { OTEL_TRACES_SAMPLER_ARG: 'all' },
  { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
])('%j is refused', (wrong) => {
  expect(() => settings({ ...endpoint, ...wrong })).toThrow(Object.keys(wrong)[0]);
});

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent: TraceParent = { traceId, spanId: '00f067aa0ba902b7', sampled: true };
const unsampled: TraceParent = { ...parent, sampled: false };

test('a traceparent is read and written', () => {
  const text = `00-${traceId}-00f067aa0ba902b7-01`;
  expect(parseTraceParent(text)).toEqual(parent);
  expect(formatTraceParent(parent)).toBe(text);
  expect(parseTraceParent(formatTraceParent(unsampled))).toEqual(unsampled);
  // Flags that are not known say nothing of sampling.
  expect(parseTraceParent(`00-${traceId}-00f067aa0ba902b7-02`)?.sampled).toBe(false);
  const none = [undefined, '', 'x', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, text.toUpperCase()];
  for (const wrong of none) expect(parseTraceParent(wrong)).toBeUndefined();
});

test.each<[TracingSettings['sampler'], [of: boolean, ofUnsampled: boolean, root: number]]>([
  ['always_on', [true, true, 1]],
  ['always_off', [false, false, 0]],
  ['parentbased_always_on', [true, false, 1]],
  ['parentbased_always_off', [true, false, 0]],
  ['parentbased_traceidratio', [true, false, 0.25]],
  // 0x0e0e4736 is 5 % of the way.
  ['traceidratio', [true, true, 0.25]],
])('%s', (sampler, [ofSampled, ofUnsampled, root]) => {
  const sampled = samplingOf({ sampler, ratio: 0.25 });
  expect([sampled(parent), sampled(unsampled)]).toEqual([ofSampled, ofUnsampled]);
  const roots = Array.from({ length: 10_000 }, () => sampled(undefined)).filter(Boolean).length;
  expect(Math.abs(roots / 10_000 - root)).toBeLessThan(0.05);
});

test('the SDK is loaded when spans are opened, and not before', () => {
  const program = `
    import { createRequire } from 'node:module';
    import { createLogger, openTracing } from ${JSON.stringify(join(import.meta.dirname, '../index.ts'))};
    const { cache } = createRequire(import.meta.url);
    const loaded = () => Object.keys(cache).some((file) => file.includes('@opentelemetry/sdk-trace'));
    const before = loaded();
    await openTracing({ service: 'x', url: 'http://127.0.0.1:1/v1/traces', timeoutMs: 1, sampler: 'always_on', ratio: 1 }, createLogger('x'));
    console.log(before, loaded());
  `;
  const args = ['--input-type=module', '--eval', program];
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim()).toBe('false true');
});
