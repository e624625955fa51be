// A trace as the steps of an event's way.
import { count, duration, moment } from '../text/format.ts';
import type { Loss, Trace } from './answers.ts';

/** A step. */
export interface TraceStep {
  name: string;
  level: 'done' | 'waiting' | 'failed' | 'ahead';
  text: string;
}

/** What each state means. */
export const headlines: Record<Trace['state'], string> = {
  stored: 'Stored',
  deleted: 'Deleted',
  erased: 'Erased with its user',
  'dead-lettered': 'Could not be processed',
  processed: 'On its way to MongoDB',
  lost: 'Lost before it was stored',
  accepted: 'On its way to the processor',
  unknown: 'Not known',
};

function before(recordsBefore: number | null | undefined): string {
  if (recordsBefore === null || recordsBefore === undefined)
    return 'waits; how many records are before it is not known';
  return recordsBefore === 0
    ? 'is next'
    : `${count(recordsBefore)} ${recordsBefore === 1 ? 'record' : 'records'} before it`;
}

/** Losses, each by its place. */
export function lossesText(lost: readonly Loss[]): string {
  return lost
    .map(
      ({ topic, partition, from, to }) => `offsets ${from} to ${to - 1} of ${topic}, partition ${partition}`,
    )
    .join('; ');
}

/** The steps; none where nothing is known of the event. */
export function stepsOf(trace: Trace): TraceStep[] {
  const { state, raw, receivedAt, processedAt, waiting } = trace;
  if (state === 'unknown') {
    return [
      {
        name: 'Not seen',
        level: 'failed',
        text: [
          'No part of the pipeline knows this id of this user (any more).',
          ...(trace.lost.length === 0
            ? []
            : [`It may be in what retention deleted too early: ${lossesText(trace.lost)}.`]),
        ].join(' '),
      },
    ];
  }
  const at = raw === null ? '' : `raw partition ${raw.partition}, offset ${raw.offset}`;
  const accepted: TraceStep = {
    name: 'Accepted',
    level: 'done',
    text: [receivedAt && moment(receivedAt), at].filter(Boolean).join(' · '),
  };
  if (state === 'accepted') {
    return [
      accepted,
      { name: 'Processed', level: 'waiting', text: before(waiting?.recordsBefore) },
      { name: 'Stored', level: 'ahead', text: '' },
    ];
  }
  if (state === 'dead-lettered')
    return [accepted, { name: 'Processed', level: 'failed', text: 'refused, see below' }];
  const took =
    receivedAt && processedAt ? `${duration(Date.parse(processedAt) - Date.parse(receivedAt))} later` : '';
  const processed: TraceStep = {
    name: 'Processed',
    level: 'done',
    text: [processedAt && moment(processedAt), took].filter(Boolean).join(' · '),
  };
  if (state === 'processed') {
    return [accepted, processed, { name: 'Stored', level: 'waiting', text: before(waiting?.recordsBefore) }];
  }
  if (state === 'lost') {
    const text = `retention deleted ${lossesText(trace.lost)} before the connector had read it`;
    return [accepted, processed, { name: 'Stored', level: 'failed', text }];
  }
  if (state === 'stored') {
    return [
      accepted,
      processed,
      { name: 'Stored', level: 'done', text: trace.log === null ? '' : `log ${trace.log}` },
    ];
  }
  if (state === 'erased')
    return [{ name: 'Erased', level: 'failed', text: 'with everything else of its user' }];
  const { deleted } = trace;
  const how = [deleted?.at && moment(deleted.at), deleted && `by command ${deleted.by}`]
    .filter(Boolean)
    .join(' · ');
  return [accepted, processed, { name: 'Deleted', level: 'failed', text: how }];
}
