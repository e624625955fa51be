// The joins of the benchmark on packages/streams.
import {
  addFields,
  joinWindows,
  jsonObjectSerde,
  jsonSerde,
  StreamsBuilder,
  stringSerde,
  type Topology,
} from '@activity/streams';
import { withinMs, type Kind } from './data.ts';

interface Event {
  eventId: string;
  userId: string;
  amount: number;
}

interface Row {
  name: string;
  city: string;
  weight: number;
}

type Joined = Event & Pick<Row, 'name' | 'city'> & { points: number };

/** Which join, and its topics. */
export interface JobOptions {
  kind: Kind;
  left: string;
  right: string;
  output: string;
}

/** How long after its window a record still finds others. Late ones there are none. */
const grace = '10s';

/** The topology; a module, so that worker threads can load it. */
export default function job({ kind, left, right, output }: JobOptions): Topology {
  const builder = new StreamsBuilder();
  const events = { key: stringSerde, value: jsonObjectSerde<Event>() };
  if (kind === 'stream-table') {
    const rows = builder.table(right, { key: stringSerde, value: jsonSerde<Row>() });
    builder
      .stream(left, events)
      .join(rows, (event, { name, city, weight }) =>
        addFields(event, { name, city, points: event.value.amount * weight }),
      )
      .to(output, { value: jsonObjectSerde<Joined>() });
  } else {
    builder
      .stream(left, events)
      .join(
        builder.stream(right, events),
        ({ value: a }, { value: b }) => ({ left: a.eventId, right: b.eventId, points: a.amount * b.amount }),
        joinWindows({ within: withinMs, grace }),
      )
      .to(output, { value: jsonSerde() });
  }
  return builder.build();
}
