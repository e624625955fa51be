import type { AuditRecord } from '@activity/contracts';
import type { KeyEntry } from '@activity/service';
import { describe, expect, test } from 'vitest';
import { missingLines, takeIn, type KnownKeys } from './key-changes.ts';

const made = '2026-01-02T03:04:05.678Z';
const ended = '2026-02-03T04:05:06.789Z';
const now = Date.parse('2026-03-04T05:06:07.890Z');

function entry(more: Partial<KeyEntry> = {}): KeyEntry {
  const hash = 'f'.repeat(64);
  return { id: 'aaaaaaaaaaaa', name: 'web', scopes: ['ingest'], hash, createdAt: made, ...more };
}

function linesOf(known: KnownKeys, entries: readonly KeyEntry[]): AuditRecord[] {
  return missingLines(known, entries, now).map(({ line }) => line);
}

/** Writes what is missing, and returns it. */
function noted(known: KnownKeys, entries: readonly KeyEntry[]): AuditRecord[] {
  const lines = linesOf(known, entries);
  for (const line of lines) takeIn(known, line);
  return lines;
}

describe('missingLines', () => {
  test('has one for a change of the origins of a public key, whatever their order is', () => {
    const known: KnownKeys = new Map();
    const [shop, app] = ['https://shop.example', 'https://app.example'];
    noted(known, [entry({ origins: [shop, app] })]);
    expect(linesOf(known, [entry({ origins: [app, shop] })])).toEqual([]);
    expect(linesOf(known, [entry({ origins: [shop] })])).toMatchObject([
      { action: 'key.changed', details: { name: 'web', scopes: ['ingest'], origins: [shop] } },
    ]);
  });

  test('has one for a new key and one for its revocation, with who did it, and nothing that is secret', () => {
    const known: KnownKeys = new Map();
    const lines = noted(known, [entry({ createdBy: 'ann', revokedAt: ended, revokedBy: 'bob' })]);
    const details = { name: 'web', scopes: ['ingest'] };
    expect(lines).toEqual([
      {
        _id: expect.stringMatching(/^[0-9a-f]{32}$/),
        at: made,
        actor: { name: 'ann' },
        action: 'key.created',
        target: 'aaaaaaaaaaaa',
        details,
      },
      {
        _id: expect.stringMatching(/^[0-9a-f]{32}$/),
        at: ended,
        actor: { name: 'bob' },
        action: 'key.revoked',
        target: 'aaaaaaaaaaaa',
        details,
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain('ffff');
    expect(linesOf(known, [entry({ revokedAt: ended })])).toEqual([]);
  });

  test('has one for each change by hand, also back to what was before, and for a key that is gone and back', () => {
    const known: KnownKeys = new Map();
    const steps: KeyEntry[][] = [
      [entry()],
      [entry({ scopes: ['read', 'ingest'] })],
      [entry({ scopes: ['ingest', 'read'] })],
      [entry()],
      [entry({ scopes: ['read', 'ingest'] })],
      [],
      [entry()],
      [entry({ revokedAt: ended })],
      [entry({ revokedAt: ended, name: 'site' })],
      [entry({ name: 'site' })],
    ];
    const lines = steps.map((entries) => noted(known, entries));
    expect(lines.map((some) => some.map(({ action, at }) => [action, at]))).toEqual([
      [['key.created', made]],
      [['key.changed', new Date(now).toISOString()]],
      [],
      [['key.changed', new Date(now).toISOString()]],
      [['key.changed', new Date(now).toISOString()]],
      [['key.removed', new Date(now).toISOString()]],
      [['key.created', new Date(now).toISOString()]],
      [['key.revoked', ended]],
      [['key.changed', new Date(now).toISOString()]],
      [['key.changed', new Date(now).toISOString()]],
    ]);
    const ids = lines.flat().map(({ _id }) => _id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(lines[8]?.[0]?.details).toEqual({ name: 'site', scopes: ['ingest'], revoked: true });
  });

  test('has who changed a key with the tool and when, and nobody for what is changed by hand afterwards', () => {
    const known: KnownKeys = new Map();
    const origins = ['https://shop.example'];
    const changedAt = '2026-01-20T00:00:00.000Z';
    noted(known, [entry()]);
    const byTool = { changedAt, changedBy: 'eve' };
    expect(noted(known, [entry({ origins, ...byTool })])).toMatchObject([
      { action: 'key.changed', at: changedAt, actor: { name: 'eve' }, details: { origins } },
    ]);
    expect(noted(known, [entry({ origins: [...origins, 'https://b.example'], ...byTool })])).toMatchObject([
      { action: 'key.changed', at: new Date(now).toISOString(), actor: {} },
    ]);
  });

  test('has the same ids wherever it is asked, and marks what an older copy of the file looks like', () => {
    const known: KnownKeys = new Map();
    noted(known, [entry({ revokedAt: ended })]);
    const other = entry({ id: 'bbbbbbbbbbbb' });
    const [one, two] = [missingLines(known, [other], now), missingLines(new Map(known), [other], now + 5)];
    expect(one.map(({ line }) => line._id)).toEqual(two.map(({ line }) => line._id));
    expect(one.map(({ line, takesBack }) => [line.action, takesBack])).toEqual([
      ['key.created', false],
      ['key.removed', true],
    ]);
    expect(missingLines(known, [entry()], now).map(({ takesBack }) => takesBack)).toEqual([true]);
  });
});
