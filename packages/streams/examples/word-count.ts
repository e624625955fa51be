// Counts the words of a topic, exactly once. Stop it at any moment, in any way: no count changes.
import { createStreams, numberSerde, StreamsBuilder, stringSerde } from '@activity/streams';

const builder = new StreamsBuilder();
builder
  .stream('lines', { key: stringSerde, value: stringSerde })
  .flatMapValues((line) => line.toLowerCase().match(/\w+/g) ?? [], { value: stringSerde })
  .groupBy((_key, word) => word, { key: stringSerde })
  .count({ store: 'words' })
  .toStream()
  .to('word-counts', { value: numberSerde });

const streams = createStreams({
  applicationId: 'word-count',
  topology: builder.build(),
  brokers: [process.env['KAFKA'] ?? '127.0.0.1:9092'],
  stateDir: '.state',
  logger: console.log,
  onState: (state) => state === 'ERROR' && process.exit(1),
});
process.once('SIGTERM', () => void streams.close());
await streams.start();
