// One route: what it is, for the router and for the OpenAPI document, and what it does.
import type { DocumentedRoute } from '@activity/service';
import type { Handler } from './edge-request.ts';

/** A route. */
export interface Route extends DocumentedRoute {
  method: 'GET' | 'POST' | 'DELETE' | 'ANY';
  /** Whether the request counts against rate limits; by default where a key is asked for. */
  charged?: boolean;
  handle: Handler;
}
