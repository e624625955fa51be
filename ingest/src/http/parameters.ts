// The parameters of a request's URL, behind the question mark.
import { FailureError, isWellEncoded } from '@activity/service';
import type { RoutedRequest } from './edge-request.ts';

/**
 * The parameters of a request.
 * @throws FailureError (400, which names `field`) where they are no percent-encoded UTF-8.
 */
export function parametersOf({ context }: RoutedRequest, field: string): URLSearchParams {
  const { search, searchParams } = new URL(context.req.url);
  if (isWellEncoded(search)) return searchParams;
  const details = [{ field, message: 'must be percent-encoded UTF-8' }];
  throw new FailureError({ kind: 'validation', details });
}

/** A parameter; one that is repeated is neither an id nor a name. */
export function given(parameters: URLSearchParams, name: string): string {
  return parameters.getAll(name).join('\0');
}
