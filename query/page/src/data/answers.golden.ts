// What the query service returns. Written from its OpenAPI document by `npm run docs:generate`.
/** GET /api/session */

export interface Session {
  /**
   * Whether reads are allowed
   */
  signedIn: boolean;
  /**
   * False where no keys are asked for at all
   */
  keysNeeded: boolean;
}

/** GET /api/logs */

export interface LogPage {
  data: {
    /**
     * At most 768 bytes of UTF-8
     */
    eventId: string;
    /**
     * At most 768 bytes of UTF-8
     */
    userId: string;
    /**
     * Printable text of at most 128 bytes of UTF-8
     */
    activityType: string;
    metadata: {
      [k: string]: unknown;
    };
    /**
     * When it happened
     */
    timestamp: string;
    /**
     * When the edge took it
     */
    receivedAt?: string;
    /**
     * The edge has found the type in its catalogue, in this version; 0: it was not registered, and taken. Absent: of ACTIVITY_TYPES, or written by others
     */
    typeVersion?: number;
    /**
     * What the schema of the type, in the mode `warn`, has refused of the metadata: the first few, as `path: reason`
     *
     * @minItems 1
     */
    violations?: [string, ...string[]];
    /**
     * The log’s number: unique, and growing within a user
     */
    _id: number;
    /**
     * When the processor made it
     */
    createdAt: string;
    /**
     * When it is removed, by the retention of logs; absent: never. One that has expired when it is made has no metadata: drop what you hold of it
     */
    expiresAt?: string;
    /**
     * It is in no minute count: it came too late
     */
    late?: true;
    /**
     * Its clock was too far ahead: the timestamp is the latest that was believed
     */
    clamped?: true;
    /**
     * The edge’s clock was ahead of Kafka’s: receivedAt is Kafka’s
     */
    receivedAtCorrected?: true;
    /**
     * The client’s clock was wrong: its error was taken out of the timestamp
     */
    timestampCorrected?: true;
    /**
     * The session: the lowest `_id` of its logs. A log that comes late may join sessions; the lower number stays
     */
    session?: number;
    client?: {
      browser?: string;
      os?: string;
      device?: string;
    };
    /**
     * The user agent is a known robot’s
     */
    bot?: boolean;
    address?: {
      version: 4 | 6;
      prefix: string;
    };
    place?: {
      country?: string;
      city?: string;
    };
    page?: {
      referrer?: string;
      source?: string;
      medium?: string;
      campaign?: string;
      term?: string;
      content?: string;
    };
  }[];
  pagination: {
    /**
     * Where the page was asked for by number
     */
    page?: number;
    limit: number;
    total: number;
    /**
     * Counted up to 10,000, estimated beyond
     */
    totalIs: 'exact' | 'estimate';
    pages: number;
    /**
     * The cursor of the next page; null where there is none
     */
    next: string | null;
    /**
     * The cursor of the page before
     */
    prev: string | null;
  };
}

/** GET /api/stats/overview */

export interface Overview {
  events: {
    total: number;
    last5m: number;
    last1h: number;
    last24h: number;
  };
  /**
   * Of the last 24 hours
   */
  byType: {
    [k: string]: number;
  };
  users: {
    known: number;
    daily: number;
    weekly: number;
    monthly: number;
  };
  /**
   * Everything that the edge acknowledged before this moment is in the answer; null where that is not known
   */
  asOf: string | null;
}

/** GET /api/stats/timeline */

export interface Timeline {
  interval: 'minute' | 'hour' | 'day';
  tz: string;
  /**
   * Without gaps: where nothing happened, total is 0
   */
  buckets: {
    start: string;
    total: number;
    byType: {
      [k: string]: number;
    };
  }[];
  /**
   * Everything that the edge acknowledged before this moment is in the answer; null where that is not known
   */
  asOf: string | null;
}

/** GET /api/users/timeline */

export interface UserTimeline {
  interval: 'minute' | 'hour' | 'day';
  tz: string;
  /**
   * Without gaps: where nothing happened, total is 0
   */
  buckets: {
    start: string;
    total: number;
    byType: {
      [k: string]: number;
    };
  }[];
  /**
   * Everything that the edge acknowledged before this moment is in the answer; null where that is not known
   */
  asOf: string | null;
  userId: string;
  /**
   * The counts that it was added up from
   */
  madeOf: 'minute' | 'hour' | 'day';
  /**
   * False where these counts lie across the borders of buckets, in time zones of half hours for what is longer ago: they count where they begin
   */
  aligned: boolean;
}

/** GET /api/stats/top-users */

export interface TopUsers {
  /**
   * Where a window was asked for, or nothing
   */
  window?: string;
  /**
   * Where `from` was asked for: the hours that are counted
   */
  from?: string;
  to?: string;
  users: {
    userId: string;
    total: number;
    lastSeen?: string;
  }[];
  /**
   * Everything that the edge acknowledged before this moment is in the answer; null where that is not known
   */
  asOf: string | null;
}

/** GET /api/users/activity */

export interface UserActivity {
  userId: string;
  total: number;
  byType: {
    [k: string]: number;
  };
  rolling?: {
    last5m: number;
    last1h: number;
    last24h: number;
  };
  firstSeen?: string;
  lastSeen?: string;
  /**
   * Everything that the edge acknowledged before this moment is in the answer; null where that is not known
   */
  asOf: string | null;
  [k: string]: unknown;
}

/** GET /api/pipeline */

export interface Pipeline {
  /**
   * Every stage answers, runs, and is less than 10,000 records behind; nothing was lost in the last 24 hours
   */
  healthy: boolean;
  processor: {
    instances: {
      state: 'ready' | 'not-ready' | 'unreachable';
      reason?: string;
    }[];
    /**
     * Raw records that are not processed yet; null where the supervisor does not answer
     */
    lag: number | null;
  };
  sinks:
    | {
        connector: string;
        state: string;
        tasks: string[];
        /**
         * Records that are not stored yet
         */
        lag: number;
        /**
         * What it stores is complete up to this moment; null where that is not known
         */
        asOf: string | null;
      }[]
    | null;
  mongodb: {
    ready: boolean;
  };
  /**
   * What became of every raw record so far
   */
  ledger: {
    enriched: number;
    duplicate: number;
    deadLettered: number;
    command: number;
    late: number;
    deleted: number;
    erased: number;
    /**
     * Stored logs whose retention is over. Counts of windows and users keep them
     */
    expired: number;
  };
  /**
   * The same of the last hour, by when the edge took them
   */
  lastHour: {
    enriched: number;
    duplicate: number;
    deadLettered: number;
    command: number;
    late: number;
    deleted: number;
    erased: number;
  };
  erasures: {
    waiting: number;
    kept: number;
  } | null;
  /**
   * What retention deleted before the processor or a connector had read it, the newest last
   */
  lost: {
    topic: string;
    /**
     * What its records become: everything, or documents of a collection
     */
    of: 'raw' | 'logs' | 'counts' | 'users' | 'globalCounts' | 'ledger' | 'audit';
    partition: number;
    /**
     * The first offset
     */
    from: number;
    /**
     * The offset after the last one; markers of transactions have offsets too
     */
    to: number;
    /**
     * The consumer group that had not read them
     */
    reader: string;
    noticedAt: string;
  }[];
  /**
   * Everything that the edge acknowledged before this moment is in the answer; null where that is not known
   */
  asOf: string | null;
}

/** GET /api/types */

export type Types =
  | {
      /**
       * The registered ones, then those that were seen and are not
       */
      types: {
        /**
         * Printable text of at most 128 bytes of UTF-8
         */
        name: string;
        registered: boolean;
        /**
         * ACTIVITY_TYPES registers it
         */
        builtIn: boolean;
        /**
         * Whether metadata is checked: `off`, `warn` or `strict`
         */
        mode: 'off' | 'warn' | 'strict';
        /**
         * 0 where the catalogue has no entry of it
         */
        version: number;
        /**
         * A JSON Schema (2020-12) of the metadata
         */
        schema?:
          | boolean
          | {
              [k: string]: unknown;
            };
        description?: string;
        /**
         * A person or a team
         */
        owner?: string;
        /**
         * How long logs of the type are kept, in days of event time
         */
        retentionDays?: number;
        revision?: number;
        createdAt?: string;
        updatedAt?: string;
        /**
         * The id of the API key; `anonymous` where no keys are used
         */
        by?: string;
        /**
         * Events of the last 24 hours
         */
        last24h: number;
        /**
         * Events of the last 30 days
         */
        last30d: number;
        /**
         * The time of the newest stored event
         */
        lastSeen: string | null;
        /**
         * Stored events that a schema, in the mode `warn`, has refused
         */
        violations: number;
        /**
         * Of a type that is not registered: fields of the metadata of its newest events
         */
        fields?: string[];
      }[];
      /**
       * What happens to events of other types
       */
      unknownTypes: 'refuse' | 'take';
      /**
       * False until the catalogue has been read: types may be missing
       */
      catalogueRead: boolean;
      /**
       * Everything that the edge acknowledged before this moment is in the answer; null where that is not known
       */
      asOf: string | null;
    }
  | {
      /**
       * Printable text of at most 128 bytes of UTF-8
       */
      name: string;
      registered: boolean;
      /**
       * ACTIVITY_TYPES registers it
       */
      builtIn: boolean;
      /**
       * Whether metadata is checked: `off`, `warn` or `strict`
       */
      mode: 'off' | 'warn' | 'strict';
      /**
       * 0 where the catalogue has no entry of it
       */
      version: number;
      /**
       * A JSON Schema (2020-12) of the metadata
       */
      schema?:
        | boolean
        | {
            [k: string]: unknown;
          };
      description?: string;
      /**
       * A person or a team
       */
      owner?: string;
      /**
       * How long logs of the type are kept, in days of event time
       */
      retentionDays?: number;
      revision?: number;
      createdAt?: string;
      updatedAt?: string;
      /**
       * The id of the API key; `anonymous` where no keys are used
       */
      by?: string;
      /**
       * Events of the last 24 hours
       */
      last24h: number;
      /**
       * Events of the last 30 days
       */
      last30d: number;
      /**
       * The time of the newest stored event
       */
      lastSeen: string | null;
      /**
       * Stored events that a schema, in the mode `warn`, has refused
       */
      violations: number;
      /**
       * Of a type that is not registered: fields of the metadata of its newest events
       */
      fields?: string[];
      versions: {
        version: number;
        /**
         * Absent: any metadata is right
         */
        schema?:
          | boolean
          | {
              [k: string]: unknown;
            };
        createdAt: string;
        /**
         * The id of the API key; `anonymous` where no keys are used
         */
        by: string;
      }[];
    };

/** GET /api/events/trace */

export interface Trace {
  eventId: string;
  userId: string;
  /**
   * accepted: the processor has not read it yet; processed: on its way to MongoDB; lost: processed, and deleted by retention before it was stored; unknown: no part of the pipeline has it, or a part that may have it did not respond
   */
  state: 'stored' | 'deleted' | 'erased' | 'dead-lettered' | 'processed' | 'lost' | 'accepted' | 'unknown';
  /**
   * Where the first copy is in the raw topic
   */
  raw: {
    partition: number;
    offset: number;
  } | null;
  /**
   * The number that its log has, will have or had
   */
  log: number | null;
  receivedAt: string | null;
  processedAt: string | null;
  deleted: {
    at: string | null;
    /**
     * The number of the command
     */
    by: number;
  } | null;
  /**
   * Copies of it that were dead-lettered, and why
   */
  deadLetters: {
    raw: {
      partition: number;
      offset: number;
    };
    reason: string;
    message: string;
    at: string;
    /**
     * The log whose id it has, with another body
     */
    duplicateOf: number | null;
  }[];
  /**
   * Further copies that were accepted and will be found duplicates of that log
   */
  duplicates: {
    raw: {
      partition: number;
      offset: number;
    };
    duplicateOf: number;
  }[];
  waiting: {
    stage: 'processor' | 'sink';
    /**
     * How many records lie before it, as far as that is known
     */
    recordsBefore: number | null;
  } | null;
  /**
   * lost: what retention deleted before the connector had read it, this event among it; unknown: what it deleted of the user’s partition, perhaps this event among it
   */
  lost: {
    topic: string;
    /**
     * What its records become: everything, or documents of a collection
     */
    of: 'raw' | 'logs' | 'counts' | 'users' | 'globalCounts' | 'ledger' | 'audit';
    partition: number;
    /**
     * The first offset
     */
    from: number;
    /**
     * The offset after the last one; markers of transactions have offsets too
     */
    to: number;
    /**
     * The consumer group that had not read them
     */
    reader: string;
    noticedAt: string;
  }[];
  /**
   * Parts that could not be asked
   */
  unanswered: ('processor' | 'supervisor')[];
}
