// Maps that await: each record is replaced by what its call returns.
import type { AsyncCall, AsyncProcessor, AsyncProcessorSupplier } from '../api/async-processor.ts';
import type { ProcessorContext } from '../api/processor.ts';
import type { StreamRecord } from '../api/record.ts';
import { failedOutput, type Failed } from './stateless.ts';

/**
 * Awaits a call for each record, and passes on the record that is made from its result. With `catching`,
 * records whose call has failed go to `failed`, with the error.
 */
export function mapAsync<K, V, R, KO, VO>(
  call: (record: StreamRecord<K, V>, call: AsyncCall) => PromiseLike<R>,
  make: (record: StreamRecord<K, V>, result: R) => StreamRecord<KO, VO>,
  catching: boolean,
): AsyncProcessorSupplier<K, V, R, KO, VO> {
  return function createMapAsync(): AsyncProcessor<K, V, R, KO, VO> {
    let context: ProcessorContext<KO, VO>;
    return {
      init(given) {
        context = given;
      },
      call,
      process: (record, result) => context.forward(make(record, result)),
      ...(catching && {
        failed(record: StreamRecord<K, V>, error: Error) {
          const failed: Failed<V> = { value: record.value, error };
          context.forwardTo(failedOutput, { ...record, value: failed });
        },
      }),
    };
  };
}
