// The local pipeline's servers, for tests and benchmarks: real ones, on free ports, with temporary data.
export { startCluster } from './parts/cluster.ts';
export type { KafkaCluster } from './parts/cluster.ts';
export { startBroker, startConnect, startMongo } from './parts/start.ts';
export type { BrokerOptions, ConnectOptions, LocalServer, ServerOptions } from './parts/start.ts';
export { freePort } from './process/ports.ts';
