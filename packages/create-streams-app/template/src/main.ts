// Runs the topology on a broker until SIGTERM or SIGINT. State is in the folder `.state`.
import { createStreams } from '@activity/streams';
import { buildTopology } from './topology.ts';

const streams = createStreams({
  applicationId: 'app-name',
  topology: buildTopology(),
  brokers: (process.env['KAFKA_BROKERS'] ?? '127.0.0.1:9092').split(','),
  stateDir: '.state',
  logger: (level, message) => console.log(level, message),
  onState: (state) => state === 'ERROR' && process.exit(1),
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void streams.close());
await streams.start();
