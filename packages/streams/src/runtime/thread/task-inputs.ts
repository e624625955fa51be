// The inputs that tasks of a topology with patterns have now.
import type { KafkaPort } from '@activity/kafka';
import type { Topology } from '../../topology/topology.ts';
import { patternsOf } from '../topic-patterns.ts';
import { inputTopicsOf } from '../task-input.ts';
import { taskIdOf } from '../task-options.ts';
import type { Task } from '../task.ts';
import type { TopicNames } from '../topic-names.ts';

/** What {@link TaskInputs} works on. */
export interface TaskInputsOptions {
  kafka: Pick<KafkaPort, 'describeTopics'>;
  /** Its patterns are resolved. */
  topology: Topology;
  names: TopicNames;
  /** The topics that patterns match. */
  matched: readonly string[];
}

/** See the top of this file. */
export class TaskInputs {
  readonly #options: TaskInputsOptions;
  readonly #counts: ReadonlyMap<string, number>;

  private constructor(options: TaskInputsOptions, counts: ReadonlyMap<string, number>) {
    this.#options = options;
    this.#counts = counts;
  }

  /** Finds how many partitions the matched topics have. */
  static async find(options: TaskInputsOptions): Promise<TaskInputs> {
    const described = await options.kafka.describeTopics(options.matched);
    const counts = [...described.values()].map(({ name, partitions }): [string, number] => [
      name,
      partitions,
    ]);
    return new TaskInputs(options, new Map(counts));
  }

  /** The topics that patterns match. */
  get matched(): readonly string[] {
    return this.#options.matched;
  }

  /** Whether a task has other inputs than it reads: it must be opened again. */
  haveChanged({ id, partition, queues }: Pick<Task, 'id' | 'partition' | 'queues'>): boolean {
    const { topology, names } = this.#options;
    const subTopology = topology.subTopologies.find((one) => taskIdOf(one.id, partition) === id);
    if (!subTopology || patternsOf(subTopology.nodes).length === 0) return false;
    const partitionsOf = (topic: string): number => this.#counts.get(topic) ?? 0;
    const inputs = inputTopicsOf({ subTopology, partition, topicName: names.full, partitionsOf });
    const topics = new Set(inputs.map(({ topic }) => topic));
    return topics.size !== queues.length || queues.some(({ topic }) => !topics.has(topic));
  }
}
