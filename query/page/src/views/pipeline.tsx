// How the pipeline is: each stage, the connectors, and what became of every record.
import type { VNode } from 'preact';
import type { Pipeline } from '../data/answers.ts';
import { lagText } from '../data/stages.ts';
import { lossesText } from '../data/trace-steps.ts';
import { useNow } from '../data/use-now.ts';
import type { Reading } from '../data/use-resource.ts';
import { Icon } from '../parts/icon.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { StageStrip } from '../parts/stage-strip.tsx';
import { Empty } from '../parts/states.tsx';
import { ago, count } from '../text/format.ts';

/** The view. */
export function PipelineView({ pipeline }: { pipeline: Reading<Pipeline> }): VNode {
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Pipeline</h1>
        {pipeline.data && <Verdict pipeline={pipeline.data} />}
      </div>
      <Panel title="Stages">
        <Loaded reading={pipeline} lines={2}>
          {(data) => (
            <>
              <StageStrip pipeline={data} />
              <Reasons pipeline={data} />
            </>
          )}
        </Loaded>
      </Panel>
      <div class="pipeline-view">
        <Panel title="Connectors">
          <Loaded reading={pipeline}>{({ sinks }) => <Connectors sinks={sinks} />}</Loaded>
        </Panel>
        <Panel title="Ledger">
          <Loaded reading={pipeline} lines={7}>
            {({ ledger, lastHour, erasures, lost }) => (
              <LedgerTable ledger={ledger} lastHour={lastHour} erasures={erasures} lost={lost} />
            )}
          </Loaded>
        </Panel>
      </div>
    </>
  );
}

function Verdict({ pipeline: { healthy, asOf } }: { pipeline: Pipeline }): VNode {
  const now = useNow(1_000);
  return (
    <p class={healthy ? 'verdict good' : 'verdict bad'}>
      <Icon name={healthy ? 'check' : 'alert'} />
      <b>{healthy ? 'Healthy' : 'Needs attention'}</b>
      <span class="quiet">
        {asOf === null
          ? 'up to when all is stored is not known'
          : `everything up to ${ago(asOf, now)} is stored`}
      </span>
    </p>
  );
}

function Reasons({ pipeline: { processor } }: { pipeline: Pipeline }): VNode | null {
  const reasons = processor.instances.flatMap(({ state, reason }) =>
    reason === undefined ? [] : [`${state}: ${reason}`],
  );
  return reasons.length === 0 ? null : <p class="quiet">Processor {reasons.join('; ')}</p>;
}

function Connectors({ sinks }: { sinks: Pipeline['sinks'] }): VNode {
  if (sinks === null) {
    return (
      <Empty title="The connect supervisor does not answer">
        <p>Lags and connector states are not known until it does.</p>
      </Empty>
    );
  }
  return (
    <table>
      <caption class="hidden">Kafka Connect’s connectors</caption>
      <thead>
        <tr>
          <th scope="col">Connector</th>
          <th scope="col">State</th>
          <th scope="col">Tasks running</th>
          <th scope="col" class="number">
            Lag
          </th>
        </tr>
      </thead>
      <tbody>
        {sinks.map(({ connector, state, tasks, lag }) => (
          <tr key={connector}>
            <th scope="row">{connector}</th>
            <td>
              <StateBadge state={state} />
            </td>
            <td>{tasks.length === 0 ? <span class="quiet">none</span> : tasksText(tasks)}</td>
            <td class="number" title={lagText(lag)}>
              {count(lag)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function tasksText(tasks: string[]): VNode {
  const running = tasks.filter((task) => task === 'RUNNING').length;
  return (
    <>
      <span class="nowrap">
        {running} of {tasks.length}
      </span>{' '}
      {[...new Set(tasks.filter((task) => task !== 'RUNNING'))].map((task) => (
        <StateBadge key={task} state={task} />
      ))}
    </>
  );
}

function StateBadge({ state }: { state: string }): VNode {
  const level = state === 'RUNNING' ? 'good' : state === 'FAILED' ? 'bad' : 'warn';
  return <span class={`badge ${level}`}>{state}</span>;
}

const classes: [keyof Pipeline['lastHour'], string, string][] = [
  ['enriched', 'Stored', 'new events'],
  ['duplicate', 'Duplicates', 'sent again, counted once'],
  ['deadLettered', 'Dead letters', 'could not be processed; listed by npm run dead-letters'],
  ['command', 'Commands', 'deletes and erasures'],
  ['late', 'Late', 'stored, but in no closed count'],
  ['deleted', 'Deleted', 'by a command'],
  ['erased', 'Erased users', 'by a command'],
];

type LedgerTableProps = Pick<Pipeline, 'ledger' | 'lastHour' | 'erasures' | 'lost'>;

function LedgerTable({ ledger, lastHour, erasures, lost }: LedgerTableProps): VNode {
  return (
    <>
      <table class="ledger">
        <caption class="hidden">What became of every raw record</caption>
        <thead>
          <tr>
            <th scope="col">What became of records</th>
            <th scope="col" class="number">
              Last hour
            </th>
            <th scope="col" class="number">
              In all
            </th>
          </tr>
        </thead>
        <tbody>
          {classes.map(([name, label, meaning]) => (
            <tr key={name} class={name === 'deadLettered' && lastHour[name] > 0 ? 'alarming' : undefined}>
              <th scope="row">
                {label} <span class="meaning">{meaning}</span>
              </th>
              <td class="number">{count(lastHour[name])}</td>
              <td class="number">{count(ledger[name])}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {ledger.expired > 0 && (
        <p class="quiet panel-foot">
          Expired: {count(ledger.expired)} stored logs, whose retention is over. Counts keep them.
        </p>
      )}
      {lost.length > 0 && (
        <p class="panel-foot" role="alert">
          Retention deleted before it was read: {lossesText(lost)}.
        </p>
      )}
      {erasures && (
        <p class="quiet panel-foot">
          Erasures: {count(erasures.waiting)} waiting, {count(erasures.kept)} carried out and kept.
        </p>
      )}
    </>
  );
}
