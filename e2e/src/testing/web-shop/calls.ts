// A call of the web shop to a client of Segment's API, and what is kept of it for the shop's own sums.
import { z } from 'zod';

/** One call, as the shop makes it. */
export interface ShopCall {
  /** The call's number, which is in its properties or traits too. */
  ref: number;
  kind: 'track' | 'page' | 'identify';
  /** The event's name: of `track` alone. */
  name?: string;
  /** For whom it counts: who is logged in, else the visitor's anonymous id. */
  user: string;
  /** It is sent with `anonymousId` alone: nobody is logged in. */
  anonymous: boolean;
  /** When it happened, in epoch milliseconds; absent where the client's own clock says it. */
  time?: number;
  /** The properties, or the traits. */
  properties: Record<string, unknown>;
  /** What the server knows of its visitor. */
  context?: Record<string, unknown>;
  /** The field for which the schema of its type refuses it. */
  refused?: string;
}

/** A call that a client was made to send. */
export interface MadeCall extends ShopCall {
  time: number;
  /** Its time is moved, by minutes at most: the client's clock was wrong, or it sent what it had kept. */
  moved: boolean;
}

/** The activity type of a call. */
export function typeOf({ kind, name = '' }: Pick<ShopCall, 'kind' | 'name'>): string {
  if (kind === 'track') return name;
  return kind === 'page' ? 'PAGE_VIEW' : 'IDENTIFY';
}

/** Properties or traits, with the number of their call. */
export const numbered = z.object({ ref: z.number() });

/** The number of the call whose properties, or whose traits, are in the metadata of a log. */
export function refOf(metadata: Readonly<Record<string, unknown>>): number | undefined {
  return (numbered.safeParse(metadata['traits']).data ?? numbered.safeParse(metadata).data)?.ref;
}

/** The calls that were made, by all clients. */
export class CallLog {
  readonly calls: MadeCall[] = [];

  /** Notes a call with the time that the client has given it. */
  note(call: ShopCall, time: number | undefined = call.time, moved = false): void {
    if (time === undefined) throw new Error(`call ${call.ref} has no time`);
    this.calls.push({ ...call, time, moved });
  }

  /** The calls that must be stored. */
  get stored(): MadeCall[] {
    return this.calls.filter(({ refused }) => refused === undefined);
  }

  /** The calls that must be dead letters. */
  get refused(): MadeCall[] {
    return this.calls.filter(({ refused }) => refused !== undefined);
  }
}
