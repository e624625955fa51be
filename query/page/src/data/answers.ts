// What the API returns, by the names that the page uses. The types are made from the OpenAPI document.
import type { LogPage, Overview, Timeline, Trace, Types } from './answers.golden.ts';

export type {
  LogPage,
  Overview,
  Pipeline,
  Session,
  Timeline,
  TopUsers,
  Trace,
  UserActivity,
  UserTimeline,
} from './answers.golden.ts';

/** Events by type. */
export type ByType = Overview['byType'];

/** All types of events. */
export type TypesList = Extract<Types, { types: unknown }>;

/** One of them. */
export type ListedType = TypesList['types'][number];

/** One log. */
export type Log = LogPage['data'][number];

/** The length of a timeline's buckets. */
export type Interval = Timeline['interval'];

/** What retention deleted before it was read: offsets from `from` to before `to`. */
export type Loss = Trace['lost'][number];
