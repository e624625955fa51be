// The state of one step by key, as a handle for processors that must delete what the step remembers of a key.
import type { ProcessorContext } from './processor.ts';
import type { StoreSpec } from './stores.ts';

/** A step's state in one task: what {@link StepState.open} returns. */
export interface OpenStepState<K> {
  /**
   * Deletes everything that the step remembers of a key, in the transaction of the record that is being
   * processed. The step then treats the key as one that it has never seen. Nothing is forwarded.
   */
  forget(key: K): void;
}

/**
 * What a step remembers by key: the `state` of the stream that `dedupe()` or `rollingCount()` returns. A
 * processor that names it in its `stores` can make the step forget a key, as the erasure of a user requires.
 * The processor's records must be partitioned by the same key as those of the step.
 * @example
 * const orders = builder.stream('orders', serdes).dedupe({ by: (order) => order.id, within: '24h' });
 * const { state } = orders;
 * function eraseCustomer(): Processor<string, string, string, never> {
 *   let seen: OpenStepState<string>;
 *   return {
 *     init: (context) => {
 *       seen = state.open(context);
 *     },
 *     process: ({ key }) => seen.forget(key),
 *   };
 * }
 * builder.stream('erasures', serdes).process(eraseCustomer, { stores: [state] });
 */
export interface StepState<K> {
  /** The stores that the step declared. */
  readonly stores: readonly StoreSpec[];
  /**
   * Opens the state for one processor: call it in `init`.
   * @throws FatalError with TOPOLOGY_INVALID where the processor does not name the state in its `stores`.
   */
  open(context: ProcessorContext<unknown, unknown>): OpenStepState<K>;
}
