// One event: where it is on its way, and what is in it.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Log, Trace } from '../data/answers.ts';
import { headlines, stepsOf } from '../data/trace-steps.ts';
import { useResource } from '../data/use-resource.ts';
import { Icon } from '../parts/icon.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { TypeBadge } from '../parts/type-badge.tsx';
import { hashOf, userPlace } from '../router.ts';
import { moment } from '../text/format.ts';

const icons = { done: 'check', waiting: 'clock', failed: 'cross', ahead: 'clock' } as const;

/** The view. */
export function EventView({ userId, eventId }: { userId: string; eventId: string }): VNode {
  const event = new URLSearchParams({ eventId, userId }).toString();
  const [settled, setSettled] = useState(false);
  const trace = useResource<Trace>(`/api/events/trace?${event}`, settled ? undefined : 1_000);
  const state = trace.data?.state;
  // Only what is on its way is worth asking for again.
  const over = state !== undefined && state !== 'accepted' && state !== 'processed';
  if (over && !settled) setSettled(true);
  const log = useResource<Log>(
    state === 'stored' && trace.data?.log ? `/api/logs/${trace.data.log}` : undefined,
  );
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1} class="event-title">
          <span class="quiet">Event</span> {eventId}
        </h1>
      </div>
      <p class="event-of">
        {log.data && <TypeBadge type={log.data.activityType} />} of{' '}
        <a href={hashOf(userPlace(userId))}>{userId}</a>
        {log.data && <>, {moment(log.data.timestamp)}</>}
      </p>
      <div class="event-view">
        <Panel title="Where it is">
          <Loaded reading={trace} lines={4}>
            {(data) => (
              <>
                <TraceSteps trace={data} />
                {data.state === 'unknown' && (
                  <button type="button" class="button" onClick={trace.again}>
                    Look again
                  </button>
                )}
              </>
            )}
          </Loaded>
        </Panel>
        {state === 'stored' && (
          <Panel title="What is stored">
            <Loaded reading={log} lines={8}>
              {(data) => <LogFields log={data} />}
            </Loaded>
          </Panel>
        )}
      </div>
    </>
  );
}

function TraceSteps({ trace }: { trace: Trace }): VNode {
  return (
    <>
      <p class={`trace-headline ${trace.state}`} role="status">
        {headlines[trace.state]}
      </p>
      <ol class="steps">
        {stepsOf(trace).map(({ name, level, text }) => (
          <li key={name} class={`step ${level}`}>
            <Icon name={icons[level]} />
            <span class="step-name">{name}</span>
            <span class="step-text">{text}</span>
          </li>
        ))}
      </ol>
      {trace.duplicates.length > 0 && (
        <p class="quiet">
          {trace.duplicates.length === 1
            ? 'Another copy waits'
            : `${trace.duplicates.length} more copies wait`}{' '}
          to be found a duplicate: sent again, counted once.
        </p>
      )}
      {trace.deadLetters.length > 0 && (
        <>
          <h3>Dead letters</h3>
          <ul class="dead-letters">
            {trace.deadLetters.map(({ raw, reason, message, at }) => (
              <li key={`${raw.partition}/${raw.offset}`}>
                <span class="badge bad">{reason}</span> <span>{message}</span>{' '}
                <span class="quiet">
                  {moment(at)}, raw {raw.partition}/{raw.offset}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      {trace.unanswered.length > 0 && (
        <p class="note">
          <Icon name="alert" />
          <span>The {trace.unanswered.join(' and the ')} did not answer: this may say too little.</span>
        </p>
      )}
    </>
  );
}

function LogFields({ log }: { log: Log }): VNode {
  const { client, place, session, bot } = log;
  const fields: [string, string | undefined][] = [
    ['Happened', moment(log.timestamp)],
    ['Taken by the edge', log.receivedAt && moment(log.receivedAt)],
    ['Device', [client?.device, client?.browser, client?.os].filter(Boolean).join(', ')],
    ['Place', [place?.city, place?.country].filter(Boolean).join(', ')],
    ['Session', session === undefined ? undefined : String(session)],
    ['Robot', bot === true ? 'yes' : undefined],
    ['Late', log.late ? 'yes: in no count of minutes' : undefined],
    ['Clock', log.clamped ? 'was ahead, and was set back' : undefined],
    ['Number', String(log._id)],
  ];
  return (
    <>
      <dl class="fields">
        {fields
          .filter(([, value]) => value !== undefined && value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      <h3>Metadata</h3>
      <pre class="json" tabIndex={0} aria-label="Metadata as JSON">
        {JSON.stringify(log.metadata, undefined, 2)}
      </pre>
    </>
  );
}
