import { describe, expect, test } from 'vitest';
import { noteSender, stampSender } from './sender.ts';
import type { SenderOptions } from './sender.ts';

describe('noteSender', () => {
  test.each<[SenderOptions['address'], string, string | undefined]>([
    ['truncated', '203.0.113.7', '203.0.113.0'],
    ['truncated', '2001:db8:1:2:3::4', '2001:db8:1::'],
    ['truncated', '::ffff:203.0.113.7', '203.0.113.0'],
    ['truncated', '', undefined],
    ['full', '203.0.113.7', '203.0.113.7'],
    ['full', '2001:DB8::4', '2001:db8::4'],
    ['full', 'nonsense', undefined],
    ['none', '203.0.113.7', undefined],
  ])('%s of %j is %j', (address, given, ip) => {
    const sender = noteSender({ address, userAgent: true })(given, 'Mozilla/5.0');
    expect(sender).toEqual({ userAgent: 'Mozilla/5.0', ...(ip !== undefined && { ip }) });
  });

  test('cuts a long user agent, and leaves one out where there is none or it is not wanted', () => {
    const note = noteSender({ address: 'none', userAgent: true });
    expect(note('', 'x'.repeat(600)).userAgent).toHaveLength(512);
    for (const none of [undefined, '']) expect(note('', none)).toEqual({});
    expect(noteSender({ address: 'none', userAgent: false })('', 'Mozilla/5.0')).toEqual({});
  });
});

test('stampSender replaces what the client says, also by nothing', () => {
  const at = '2026-01-02T03:04:05.678Z';
  const event = { eventId: 'e', userId: 'u', activityType: 'LOGIN', timestamp: at, receivedAt: at };
  const claimed = { ...event, metadata: { ip: '198.51.100.9', userAgent: 'Googlebot', plan: 'pro' } };
  stampSender(claimed, {});
  expect(claimed).toEqual({ ...event, metadata: { plan: 'pro' }, sender: {} });
});
