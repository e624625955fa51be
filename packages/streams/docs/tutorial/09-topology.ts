// The topology of chapter 9, as a module: worker threads load it for themselves, since functions do not pass
// between threads.
import { numberSerde, StreamsBuilder, stringSerde, type Topology } from '@activity/streams';

/** Counts the clicks of each user. */
export default function build({ input, output }: { input: string; output: string }): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream(input, { key: stringSerde, value: stringSerde })
    .groupByKey()
    .count({ store: 'clicks' })
    .toStream()
    .to(output, { value: numberSerde });
  return builder.build();
}
