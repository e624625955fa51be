// docs/metadata.md against the code: what each field becomes, and that no other field is read.
import type { EnrichedLog } from '@activity/contracts';
import { expect, test } from 'vitest';
import { logsOfRows, metadataRows, withPlaces } from './metadata-page.ts';
import { enrichSteps } from '../steps/enrich/steps.ts';

const rows = metadataRows();
const logs = logsOfRows(rows);
const added = ['client', 'bot', 'address', 'place', 'page'] as const;

test.each(rows.map((row, index) => [row.field, row, logs[index]] as const))(
  '%s becomes what the page says, and nothing else',
  (field, { example, becomes }, log) => {
    expect(Object.keys(example)).toEqual([field]);
    expect(log).toMatchObject(becomes);
    const made = (of: Record<string, unknown>): string[] => added.filter((name) => of[name] !== undefined);
    expect(made(log ?? {})).toEqual(made(becomes));
  },
);

test('the page has every field that the steps read, and no other', () => {
  const read = new Set<string>();
  const metadata = new Proxy<Record<string, unknown>>(
    {},
    {
      get(_target, name) {
        read.add(String(name));
        return undefined;
      },
    },
  );
  withPlaces((geoDatabase) => {
    const privacy = { ip: 'keep', dropFields: [], hashFields: [], hashKey: '' } as const;
    const steps = enrichSteps({ off: [], geoDatabase, privacy });
    for (const { step } of steps) step({ activityType: 'PAGE_VIEW', metadata } as unknown as EnrichedLog);
  });
  expect([...new Set(rows.map(({ field }) => field))].toSorted()).toEqual([...read].toSorted());
});
