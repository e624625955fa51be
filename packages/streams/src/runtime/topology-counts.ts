// What a stream thread counts of the nodes of its topology: records along each edge, and those that stop at a
// node. The tasks of a thread share it, so that the counts outlive them.

/** Records that have gone along an edge. What is processed again is counted again. */
export interface EdgeCount {
  /** The node that they come from; of a source, the topic by its full name. */
  readonly from: string;
  /** The output of that node; undefined is the main one. */
  readonly output: string | undefined;
  readonly to: string;
  records: number;
}

/** Records that have stopped at a node. What is processed again is counted again. */
export interface NodeCount {
  readonly node: string;
  /** Those that became dead letters. */
  deadLettered: number;
  dropped: number;
  /** Those that were too late for every window of the step. */
  late: number;
}

/** See the top of this file. */
export class TopologyCounts {
  readonly #edges = new Map<string, EdgeCount>();
  readonly #nodes = new Map<string, NodeCount>();
  /** The innermost node that each error came out of. */
  readonly #failedIn = new WeakMap<object, string>();

  /** The count of an edge, which its tasks raise. */
  edge(from: string, output: string | undefined, to: string): EdgeCount {
    const name = JSON.stringify([from, output, to]);
    let count = this.#edges.get(name);
    if (!count) this.#edges.set(name, (count = { from, output, to, records: 0 }));
    return count;
  }

  /** The count of a node, which its tasks raise. */
  node(node: string): NodeCount {
    let count = this.#nodes.get(node);
    if (!count) this.#nodes.set(node, (count = { node, deadLettered: 0, dropped: 0, late: 0 }));
    return count;
  }

  /** Takes note that an error came out of a node. Of nodes within each other, the innermost comes first. */
  failed(node: string, error: unknown): void {
    if (typeof error === 'object' && error !== null && !this.#failedIn.has(error))
      this.#failedIn.set(error, node);
  }

  /** The node that an error came out of; undefined where that is not known. */
  nodeOf(error: unknown): string | undefined {
    return typeof error === 'object' && error !== null ? this.#failedIn.get(error) : undefined;
  }

  /** Copies of all counts. */
  read(): { edges: EdgeCount[]; nodes: NodeCount[] } {
    return {
      edges: [...this.#edges.values()].map((count) => ({ ...count })),
      nodes: [...this.#nodes.values()].map((count) => ({ ...count })),
    };
  }
}
