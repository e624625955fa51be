// One route: what it is, for the router and for the OpenAPI document, and what it does.
import type { DocumentedRoute } from '@activity/service';
import type { DirectHandler, Handler } from './edge-request.ts';

interface AnyRoute extends DocumentedRoute {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'ANY';
  /** Whether the request counts against rate limits; by default where a key is asked for. */
  charged?: boolean;
  /**
   * Bytes of a body in which a public key is looked for where neither a header nor the URL has one; by
   * default it is not.
   */
  keyInBody?: number;
}

/** A route by the router alone. */
interface RoutedRoute extends AnyRoute {
  direct?: false;
  handle: Handler;
}

/** A route that is taken without the router too, where a request is plain enough: see `directListener`. */
export interface DirectRoute extends AnyRoute {
  method: 'POST';
  direct: true;
  handle: DirectHandler;
}

/** A route. */
export type Route = RoutedRoute | DirectRoute;
