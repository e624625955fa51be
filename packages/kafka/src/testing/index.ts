// What tests on a broker need beside it: a second client, a proxy that loses requests, and seeds that can be
// tried again.
export { readPartition } from './commits.ts';
export { apiKeys, startFaultProxy } from './fault-proxy.ts';
export type { Fate, FaultProxy } from './fault-proxy.ts';
export { electWithoutNewest, leadersOf, moveLeaders, untilInSync } from './leaders.ts';
export { plainRecord } from './plain-record.ts';
export { checkAsyncProperty, checkProperty, seeds } from './seeds.ts';
export { waitFor } from './wait-for.ts';
export { connectWitness, uniqueName } from './witness.ts';
export type { Seen, Witness } from './witness.ts';
