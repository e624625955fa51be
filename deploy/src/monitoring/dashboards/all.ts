// All dashboards.
import type { Dashboard } from '../dashboard.ts';
import { business } from './business.ts';
import { edge } from './edge.ts';
import { kafkaConnect } from './kafka-connect.ts';
import { overview } from './overview.ts';
import { processor } from './processor.ts';
import { query } from './query.ts';

/** In the order in which a look goes through them. */
export const dashboards: readonly Dashboard[] = [overview, business, edge, processor, query, kafkaConnect];
