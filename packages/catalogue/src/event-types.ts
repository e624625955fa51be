// How an event is judged by its type: whether it is registered, and what its schema says of the metadata.
import { currentVersion, typeNameProblem } from '@activity/contracts';
import { compileSchema, type CheckMetadata } from './compile-schema.ts';
import { KnownTypes, listedNames, type KnownType } from './known-types.ts';
import { maxTakenTypes, typeTaker } from './taken-types.ts';

/** A type with its compiled schema. */
export interface CheckedType extends KnownType {
  /** Finds what its schema refuses; undefined where metadata is not checked. */
  readonly check: CheckMetadata | undefined;
}

/** What judging goes by. */
export interface EventTypesOptions {
  /** ACTIVITY_TYPES. */
  builtIn: readonly string[];
  /** UNKNOWN_TYPES. */
  unknown: 'refuse' | 'take';
  /** Whether the catalogue has been read: until then it is not known which types there are. */
  isRead: () => boolean;
  /** Called where the schema of a type is not compiled: then its metadata is not checked. */
  onUncheckable?: (name: string, reason: string) => void;
}

/** What is made of a type that is not registered. */
export type UnknownType =
  /** It is taken all the same. */
  | { kind: 'taken' }
  /** It is no type. */
  | { kind: 'refused'; message: string }
  /** The catalogue, which may have it, has not been read yet. */
  | { kind: 'unread' };

/** The types that events may have: see the top of this file. */
export class EventTypes {
  readonly known: KnownTypes<CheckedType>;
  readonly #options: EventTypesOptions;
  readonly #take = typeTaker();

  constructor(options: EventTypesOptions) {
    this.#options = options;
    this.known = new KnownTypes(options.builtIn, (type) => ({ ...type, check: this.#checkOf(type) }));
  }

  /** The registered type of this name: one look-up. */
  get(name: string): CheckedType | undefined {
    return this.known.get(name);
  }

  /** What is made of a name that {@link get} does not know. */
  unknown(name: string): UnknownType {
    const problem = typeNameProblem(name);
    if (problem !== undefined) return { kind: 'refused', message: problem };
    if (!this.#options.isRead()) return { kind: 'unread' };
    if (this.#options.unknown === 'refuse') {
      const message = `is not registered: it must be one of ${listedNames(this.known.names())}`;
      return { kind: 'refused', message };
    }
    if (this.#take(name)) return { kind: 'taken' };
    return {
      kind: 'refused',
      message: `is not registered, and ${maxTakenTypes} such types are taken already: register it with PUT /api/types/…`,
    };
  }

  #checkOf({ name, type, mode }: KnownType): CheckMetadata | undefined {
    if (type === undefined || mode === 'off') return undefined;
    const { schema } = currentVersion(type);
    if (schema === undefined || schema === true) return undefined;
    try {
      return compileSchema(schema);
    } catch (error) {
      // It was compiled when it was put: somebody else has written it.
      this.#options.onUncheckable?.(name, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }
}
