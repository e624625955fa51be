// The types that a service knows: those of ACTIVITY_TYPES, and those of the catalogue, by name.
import { currentVersion, type EventType, type TypeMode } from '@activity/contracts';
import type { TypesFollower } from './follow-types.ts';

/** A registered type, as an event is judged by it. */
export interface KnownType {
  readonly name: string;
  /** The version of its schema; 0 where only ACTIVITY_TYPES registers it. */
  readonly version: number;
  readonly mode: TypeMode;
  /** How long its logs are kept, in days of event time; undefined: as the deployment says. */
  readonly retentionDays: number | undefined;
  /** What the catalogue holds of it; undefined where only ACTIVITY_TYPES registers it. */
  readonly type: EventType | undefined;
}

/** How many names a message lists. */
const namesListed = 20;

/** Names as a message lists them: the first ones, and how many more there are. */
export function listedNames(names: readonly string[]): string {
  const more = names.length - namesListed;
  return names.slice(0, namesListed).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/**
 * Every registered type by its name: one look-up for an event. Kept up to date by {@link KnownTypes.update},
 * which whoever follows the catalogue calls with the names that have changed.
 */
export class KnownTypes<T extends KnownType = KnownType> {
  readonly #builtIn: ReadonlySet<string>;
  readonly #make: (known: KnownType) => T;
  readonly #types = new Map<string, T>();

  /**
   * `builtIn`: ACTIVITY_TYPES. `make` adds what the service needs of a type, such as its compiled schema; it
   * is called once for each change of a type.
   */
  constructor(builtIn: readonly string[], make: (known: KnownType) => T) {
    this.#builtIn = new Set(builtIn);
    this.#make = make;
    for (const name of builtIn) this.#set(name, undefined);
  }

  /** The type of this name; undefined where none is registered. */
  get(name: string): T | undefined {
    return this.#types.get(name);
  }

  /** Whether ACTIVITY_TYPES registers it. */
  isBuiltIn(name: string): boolean {
    return this.#builtIn.has(name);
  }

  /** All names: ACTIVITY_TYPES first. */
  names(): string[] {
    return [...this.#types.keys()];
  }

  /** All types: those of ACTIVITY_TYPES first. */
  all(): T[] {
    return [...this.#types.values()];
  }

  /** Takes over these types from the catalogue. */
  update(follower: Pick<TypesFollower, 'get'>, names: readonly string[]): void {
    for (const name of names) this.#set(name, follower.get(name));
  }

  #set(name: string, type: EventType | undefined): void {
    if (type === undefined && !this.#builtIn.has(name)) {
      this.#types.delete(name);
      return;
    }
    const version = type === undefined ? 0 : currentVersion(type).version;
    const mode = type?.mode ?? 'off';
    this.#types.set(name, this.#make({ name, version, mode, retentionDays: type?.retentionDays, type }));
  }
}
