// Counts the words of the topic `lines` into the topic `word-counts`.
import { numberSerde, StreamsBuilder, stringSerde, type Topology } from '@activity/streams';

/** Each line's words, and how often each word has been seen so far. */
export function buildTopology(): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream('lines', { key: stringSerde, value: stringSerde })
    .flatMapValues((line) => line.toLowerCase().match(/\w+/g) ?? [], { value: stringSerde })
    .groupBy((_key, word) => word, { key: stringSerde })
    .count({ store: 'words' })
    .toStream()
    .to('word-counts', { value: numberSerde });
  return builder.build();
}
