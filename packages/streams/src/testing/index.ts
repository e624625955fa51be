// The testing entry, `@activity/streams/testing`: everything public, by name.
export { FakeLog } from './fake-log.ts';
export { faults, play, playAsync } from './play.ts';
export type { Fault } from './play.ts';
export { TopologyTestDriver } from './topology-test-driver.ts';
export type {
  OutputRecord,
  PendingCommit,
  TestDriverOptions,
  TestInputTopic,
  TestOutputTopic,
} from './driver-types.ts';
export type { FailurePolicy } from '../runtime/failure-policy.ts';
