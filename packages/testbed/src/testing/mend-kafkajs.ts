// Mends how kafkajs 2.2.4 omits aborted records. It takes the broker's list of aborted transactions to be
// in the order of their beginnings, and it is in the order of their ends: of two that were open at once, the
// records of one may be handed out as committed. Import this where a test reads committed records by kafkajs.
import { createRequire } from 'node:module';

/** A record as kafkajs has decoded it. It keeps control records from its users. */
interface Message {
  offset: string;
  key: Buffer | null;
  isControlRecord: boolean;
  batchContext: { producerId: string; inTransaction: boolean };
}

interface FetchResponse {
  responses: {
    partitions: {
      messages: Message[];
      abortedTransactions?: { producerId: string; firstOffset: string }[] | null;
    }[];
  }[];
}

type Fetch = (this: object, request: object) => Promise<FetchResponse>;

/** The control record that ends a transaction: its key is a version and a type, 0 for an abort. */
const abortType = 0;

function leaveOutAborted(partition: FetchResponse['responses'][number]['partitions'][number]): void {
  const pending = (partition.abortedTransactions ?? [])
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: BigInt(firstOffset) }))
    .toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
  partition.abortedTransactions = [];
  const aborting = new Set<string>();
  for (const message of partition.messages) {
    while (pending[0] && pending[0].firstOffset <= BigInt(message.offset))
      aborting.add(pending.shift()?.producerId ?? '');
    const { producerId, inTransaction } = message.batchContext;
    if (!inTransaction || !aborting.has(producerId)) continue;
    if (message.isControlRecord && message.key?.readInt16BE(2) === abortType) aborting.delete(producerId);
    message.isControlRecord = true;
  }
}

const require = createRequire(import.meta.url);
const { prototype } = require('kafkajs/src/broker/index.js') as { prototype: { fetch: Fetch } };
const fetchAsItIs = prototype.fetch;

prototype.fetch = async function fetch(request) {
  const response = await fetchAsItIs.call(this, request);
  for (const { partitions } of response.responses) for (const one of partitions) leaveOutAborted(one);
  return response;
};
