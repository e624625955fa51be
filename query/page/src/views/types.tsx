// The types of events: volume, when the last one was, the schema, and what it has refused.
import type { VNode } from 'preact';
import type { ListedType, TypesList } from '../data/answers.ts';
import { useNow } from '../data/use-now.ts';
import { useResource } from '../data/use-resource.ts';
import { Loaded, Panel } from '../parts/panel.tsx';
import { Empty } from '../parts/states.tsx';
import { TypeBadge } from '../parts/type-badge.tsx';
import { hashOf, noFilter } from '../router.ts';
import { ago, count } from '../text/format.ts';

const everyMs = 10_000;

/** The view. */
export function TypesView(): VNode {
  const reading = useResource<TypesList>('/api/types', everyMs);
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Types</h1>
      </div>
      <Panel title="Registered">
        <Loaded reading={reading} lines={7}>
          {({ types }) => (
            <Table types={types.filter(({ registered }) => registered)} caption="Registered types" />
          )}
        </Loaded>
      </Panel>
      <Panel title="Seen, not registered">
        <Loaded reading={reading} lines={2}>
          {({ types, unknownTypes }) => {
            const seen = types.filter(({ registered }) => !registered);
            if (seen.length > 0) return <Table types={seen} caption="Types that are not registered" />;
            return (
              <Empty title="None">
                <p>
                  Events of other types are {unknownTypes === 'take' ? 'taken and listed here' : 'refused'}:{' '}
                  <code>UNKNOWN_TYPES={unknownTypes}</code>.
                </p>
              </Empty>
            );
          }}
        </Loaded>
      </Panel>
    </>
  );
}

function Table({ types, caption }: { types: readonly ListedType[]; caption: string }): VNode {
  const now = useNow(10_000);
  return (
    <div class="wide">
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Type</th>
            <th scope="col" class="number">
              24 hours
            </th>
            <th scope="col" class="number">
              30 days
            </th>
            <th scope="col">Last seen</th>
            <th scope="col">Schema</th>
            <th scope="col" class="number">
              Violations
            </th>
          </tr>
        </thead>
        <tbody>
          {types.map((type) => (
            <tr key={type.name}>
              <th scope="row">
                <a href={hashOf({ view: 'events', filter: { ...noFilter, types: [type.name] } })}>
                  <TypeBadge type={type.name} />
                </a>
                {(type.description ?? type.owner) !== undefined && (
                  <div class="quiet">{[type.description, type.owner].filter(Boolean).join(' · ')}</div>
                )}
              </th>
              <td class="number">{count(type.last24h)}</td>
              <td class="number">{count(type.last30d)}</td>
              <td>{type.lastSeen === null ? '–' : ago(type.lastSeen, now)}</td>
              <td>
                <Schema type={type} />
              </td>
              <td class="number">{count(type.violations)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Schema({ type: { registered, version, mode, schema, fields = [] } }: { type: ListedType }): VNode {
  if (!registered) return <span class="quiet">fields: {fields.join(', ') || 'none'}</span>;
  if (schema === undefined) return <span class="quiet">any metadata</span>;
  return (
    <details>
      <summary>
        {mode}, version {version}
      </summary>
      <pre>{JSON.stringify(schema, undefined, 2)}</pre>
    </details>
  );
}
