// StatefulStream: the stream after a step that remembers keys, and that step's state.
import type { StepState } from '../api/step-state.ts';
import type { Dsl, StreamPlace } from './dsl.ts';
import { KStream } from './stream.ts';

/** A {@link KStream} like any other, with the state of the step that made it. */
export class StatefulStream<K, V> extends KStream<K, V> {
  /** What the step remembers by key: for processors that make it forget one. */
  readonly state: StepState<K>;

  /** @internal */
  constructor(dsl: Dsl, place: StreamPlace<K, V>, state: StepState<K>) {
    super(dsl, place);
    this.state = state;
  }
}
