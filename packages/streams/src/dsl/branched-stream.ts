// BranchedStream: a stream that is being split by predicates.
import { branch, type Predicate } from '../operators/stateless.ts';
import type { Dsl, StreamPlace } from './dsl.ts';
import type { KStream } from './stream.ts';

/** A stream being split: see {@link KStream.split}. Predicates are asked in the order of declaration. */
export class BranchedStream<K, V, Branches> {
  readonly #dsl: Dsl;
  readonly #place: StreamPlace<K, V>;
  readonly #name: string;
  readonly #branches: readonly (readonly [string, Predicate<K, V>])[];

  /** @internal */
  constructor(
    dsl: Dsl,
    place: StreamPlace<K, V>,
    name: string,
    branches: readonly (readonly [string, Predicate<K, V>])[],
  ) {
    this.#dsl = dsl;
    this.#place = place;
    this.#name = name;
    this.#branches = branches;
  }

  /**
   * Adds a branch; its name is the property of the answer that `defaultBranch` or `noDefaultBranch` gives.
   */
  branch<Name extends string>(
    name: Name,
    predicate: Predicate<K, V>,
  ): BranchedStream<K, V, Branches & { [N in Name]: KStream<K, V> }> {
    return new BranchedStream(this.#dsl, this.#place, this.#name, [...this.#branches, [name, predicate]]);
  }

  /** Ends the split; what no branch took goes to the branch named here. */
  defaultBranch<Name extends string>(name: Name): Branches & { [N in Name]: KStream<K, V> } {
    return this.#end(name) as Branches & { [N in Name]: KStream<K, V> };
  }

  /** Ends the split; what no branch took is dropped. */
  noDefaultBranch(): Branches {
    return this.#end(undefined) as Branches;
  }

  #end(defaultBranch: string | undefined): { [name: string]: KStream<K, V> } {
    this.#dsl.graph.processor(this.#name, [this.#place.parent], branch(this.#branches, defaultBranch));
    const names = this.#branches.map(([name]) => name);
    if (defaultBranch !== undefined) names.push(defaultBranch);
    return Object.fromEntries(
      names.map((output) => [
        output,
        this.#dsl.stream({ ...this.#place, parent: { node: this.#name, output } }),
      ]),
    );
  }
}
