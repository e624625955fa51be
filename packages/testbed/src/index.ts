// The local pipeline's servers, for tests and benchmarks: real ones, on free ports, with temporary data.
export { startCluster } from './servers/cluster.ts';
export type { KafkaCluster } from './servers/cluster.ts';
export { startBroker, startConnect, startMongo } from './servers/start.ts';
export type { BrokerOptions, ConnectOptions, LocalServer, ServerOptions } from './servers/start.ts';
export { freePort } from './process/ports.ts';
