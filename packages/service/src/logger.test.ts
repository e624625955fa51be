import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import type { Logger } from './logger.ts';

function lines(write: (logger: Logger) => void): unknown[] {
  const written: string[] = [];
  write(createLogger('svc', 'info', { write: (line) => written.push(line) }));
  return written.map((line): unknown => JSON.parse(line));
}

test('writes one JSON object a line, with level, ISO time and service', () => {
  const [line, ...more] = lines((logger) => {
    logger.info({ port: 1 }, 'listening');
    logger.debug('not written');
  });
  expect(more).toEqual([]);
  expect(line).toMatchObject({ level: 'info', service: 'svc', port: 1, msg: 'listening' });
  expect(line).toHaveProperty('time', expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/));
});

test('drops personal data that a caller passes', () => {
  const [line] = lines((logger) => {
    logger.info(
      { userId: 'u', ip: '1.2.3.4', request: { body: 'b', metadata: {}, userId: 'u' }, ok: 1 },
      'm',
    );
  });
  expect(JSON.stringify(line)).not.toMatch(/"u"|1\.2\.3\.4|"b"/);
  expect(line).toMatchObject({ ok: 1 });
});
