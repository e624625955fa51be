// Enrich: an accepted event becomes the log as it is stored.
import { logId, type ActivityEvent, type EnrichedLog } from '@activity/contracts';
import type { Processor, ProcessorContext } from '@activity/streams';

/** Gives each event its numeric id and the time it was processed. */
export function enrich(): Processor<string, ActivityEvent, string, EnrichedLog> {
  let context: ProcessorContext<string, EnrichedLog>;
  return {
    init(given) {
      context = given;
    },
    process({ key, value, timestamp, headers }) {
      const position = context.position();
      if (!position) throw new Error('enriching outside of a record');
      const log: EnrichedLog = {
        _id: logId(position.partition, position.offset),
        ...value,
        timestamp: new Date(timestamp).toISOString(),
        createdAt: new Date(context.now()).toISOString(),
      };
      context.forward({ key, value: log, timestamp, headers });
    },
  };
}
