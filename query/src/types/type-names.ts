// Which types reads may name: those of the catalogue, and of ACTIVITY_TYPES.
import { KnownTypes, listedNames, TypesFollower, type KnownType } from '@activity/catalogue';
import { typeNameProblem } from '@activity/contracts';
import { createKafka } from '@activity/kafka';
import type { KafkaSecurity, Logger } from '@activity/service';
import { z } from 'zod';
import { texts } from '../http/parameters.ts';

/** The types that are known. */
export interface TypeNames {
  /** The registered ones. */
  names: () => string[];
  /** Whether logs may have this type: a filter by another one is a mistake. */
  isKnown: (name: string) => boolean;
  /** Whether this is, or was, a registered type: then its commas are part of its name. */
  isNamed: (name: string) => boolean;
}

/** The catalogue, as reads see it. */
export interface Catalogue extends TypeNames {
  types: () => KnownType[];
  /** The registered type of this name. */
  get: (name: string) => KnownType | undefined;
  isBuiltIn: (name: string) => boolean;
  /** Whether it has been read. */
  isRead: () => boolean;
  close: () => Promise<void>;
}

/** What following needs. */
export interface CatalogueOptions {
  brokers: readonly string[];
  security: KafkaSecurity;
  /** The types topic. */
  topic: string;
  /** ACTIVITY_TYPES. */
  builtIn: readonly string[];
  /** UNKNOWN_TYPES. */
  unknown: 'refuse' | 'take';
  logger: Logger;
}

/** Begins to follow; returns at once. Reads go on while Kafka is away. */
export function followCatalogue(options: CatalogueOptions): Catalogue {
  const { brokers, security, topic, builtIn, unknown, logger } = options;
  const kafka = createKafka({ brokers, security, clientId: 'activity-query-types', retryForMs: 1_000 });
  const known = new KnownTypes(builtIn, (type) => type);
  const follower: TypesFollower = new TypesFollower({
    kafka,
    topic,
    log: logger,
    onChange: (names) => known.update(follower, names),
  });
  follower.start();
  // A type that was deleted still has logs.
  const isNamed = (name: string): boolean => known.get(name) !== undefined || follower.records.has(name);
  /** Types that are not registered are taken, or the catalogue has not been read yet. */
  const mayBeAny = (): boolean => unknown === 'take' || !follower.isReady;
  return {
    names: () => known.names(),
    types: () => known.all(),
    get: (name) => known.get(name),
    isKnown: (name) => isNamed(name) || (mayBeAny() && typeNameProblem(name) === undefined),
    isNamed,
    isBuiltIn: (name) => known.isBuiltIn(name),
    isRead: () => follower.isReady,
    async close() {
      await follower.close();
      await kafka.close();
    },
  };
}

/** The most types of one filter. */
const mostTypes = 100;

/**
 * One or more types: repeated, or separated by commas. The name of a type that is or was registered may have
 * commas itself.
 */
export function typesOf({ names, isKnown, isNamed }: TypeNames): z.ZodType<string[], string | string[]> {
  return texts(isNamed).pipe(
    z
      .array(z.string())
      .max(mostTypes, `must not be more than ${mostTypes} types`)
      .check((context) => {
        const wrong = context.value.slice(0, mostTypes).find((name) => !isKnown(name));
        if (wrong !== undefined)
          context.issues.push({
            code: 'custom',
            message: `must be one of ${listedNames(names())}`,
            input: context.value,
          });
      }),
  );
}
