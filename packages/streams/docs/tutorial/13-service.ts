// The service of chapter 13, as a container runs it: settings come from the environment, probes are served
// over HTTP, and SIGTERM ends it in order.
import { createServer } from 'node:http';
import { createStreams } from '@activity/streams';
import build from './09-topology.ts';

const { KAFKA_BROKERS = '127.0.0.1:9092', STATE_DIR = '.state', PORT = '8080' } = process.env;
const { APPLICATION_ID = 'clicks', INPUT_TOPIC = 'clicks', OUTPUT_TOPIC = 'counts' } = process.env;

const streams = createStreams({
  applicationId: APPLICATION_ID,
  topology: build({ input: INPUT_TOPIC, output: OUTPUT_TOPIC }),
  brokers: KAFKA_BROKERS.split(','),
  stateDir: STATE_DIR,
  // One line of JSON for each event: what collects logs can read it.
  logger: (level, message, details) => console.log(JSON.stringify({ level, message, ...details })),
  // ERROR is final: the process ends, and what watches it starts another.
  onState: (state) => state === 'ERROR' && process.exit(1),
});

const probes = createServer(({ url }, response) => {
  // Alive: restarting would not help. Ready: every task that was assigned is at work. Traffic does not come
  // by HTTP, so readiness is for rollouts: the next instance is replaced when this one has caught up.
  const fine = url === '/ready' ? streams.isReady() : streams.isHealthy();
  response.writeHead(fine ? 200 : 503).end(streams.state);
});
probes.listen(Number(PORT));

process.once('SIGTERM', () => {
  // What was processed is committed. The members stay in the group, so that no task moves to another instance
  // while this one is away for less than `sessionTimeoutMs`.
  void streams.close({ leaveGroup: false, timeoutMs: 20_000 }).then((ended) => process.exit(ended ? 0 : 1));
});
await streams.start();
