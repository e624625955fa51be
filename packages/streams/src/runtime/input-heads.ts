// The heads of a task's inputs: reads the next record of each, and chooses the one that is processed next.
import { readKey, readValue } from '@activity/kafka';
import type { SourceRecord, StreamRecord } from '../api/record.ts';
import type { RecordQueue } from './record-queue.ts';
import { isEventTime, ownTime } from './task-failures.ts';
import type { TaskIdling } from './task-idling.ts';
import type { Fetched, Parsed, TaskInput } from './task-input.ts';

/** What {@link InputHeads} asks its task. */
export interface InputHeadsOptions {
  inputs: readonly TaskInput[];
  idling: TaskIdling;
  /** Whether the task goes no further than this record. */
  endsAt: (input: TaskInput, source: SourceRecord) => boolean;
  /** A record cannot be read. */
  onUnreadable: (record: Fetched, error: unknown) => void;
  /** A record has no event time: its extractor has found none. */
  onUntimed: (input: TaskInput) => void;
  /** A record was passed over: it could not be read, or has no event time. */
  onPassedOver: (record: Fetched) => void;
}

/** See the top of this file. */
export class InputHeads {
  readonly #options: InputHeadsOptions;
  #passedOver = 0;

  constructor(options: InputHeadsOptions) {
    this.#options = options;
  }

  /** Forgets what was passed over. */
  reset(): void {
    this.#passedOver = 0;
  }

  /**
   * How many records were passed over since the last call: they count against the limits of a commit too.
   */
  takePassedOver(): number {
    const records = this.#passedOver;
    this.#passedOver = 0;
    return records;
  }

  /**
   * The input whose head is next: that with the smallest event time. Undefined also where one was passed
   * over.
   */
  next(): TaskInput | undefined {
    const { inputs } = this.#options;
    return inputs.length === 1 ? this.#ready(inputs[0] as TaskInput) : this.#smallest();
  }

  #ready(input: TaskInput): TaskInput | undefined {
    if (input.head) return input;
    const { queue } = input;
    const source = queue.peek();
    if (!source || this.#options.endsAt(input, source)) return undefined;
    input.head = this.#parse(input, source);
    if (input.head) return input;
    queue.advance();
    this.#options.onPassedOver({ input, source });
    this.#passedOver++;
    return undefined;
  }

  #smallest(): TaskInput | undefined {
    const { inputs, idling } = this.#options;
    let smallest: TaskInput | undefined;
    let empty: RecordQueue[] | undefined;
    for (const input of inputs) {
      if (!this.#ready(input)) {
        // What comes behind it in its partition may be older than what the others have.
        if (this.#passedOver > 0) return undefined;
        (empty ??= []).push(input.queue);
        continue;
      }
      const timestamp = (input.head as Parsed).record.timestamp;
      if (!smallest || timestamp < (smallest.head as Parsed).record.timestamp) smallest = input;
    }
    return smallest && !idling.waitsFor(empty) ? smallest : undefined;
  }

  #parse(input: TaskInput, source: SourceRecord): Parsed | undefined {
    const { node } = input;
    const { headers } = source;
    let record: StreamRecord<unknown, unknown>;
    try {
      const key = readKey(node.keySerde, source);
      const value = readValue(node.valueSerde, source);
      const timestamp = node.timestamp ? node.timestamp(value, source) : ownTime(source);
      record = { key, value, timestamp, headers };
    } catch (error) {
      this.#options.onUnreadable({ input, source }, error);
      return undefined;
    }
    // The extractor has looked, and found none.
    if (!isEventTime(record.timestamp)) {
      this.#options.onUntimed(input);
      return undefined;
    }
    return { input, source, record };
  }
}
