// What the edge's OpenAPI document says besides its routes.
import { plainError, type OpenApiOptions } from '@activity/service';

const title = 'User activity: the edge';
const description = `Takes user-activity events and hands them to Kafka. A 2xx means that the event is in Kafka on all in-sync replicas.

An event may carry its own \`eventId\`: sent again with it, it is counted once. Without one the edge makes one and answers it.
Bodies may be packed with gzip, deflate or br. Integers must lie within ±(2^53 − 1).`;

/** What routes that need a key may answer besides their own answers. */
const forKeys = {
  401: { description: 'An API key is needed, and there is none or a wrong one.', schema: plainError },
  403: { description: 'The API key lacks the scope.', schema: plainError },
  429: { description: 'Too many requests: `Retry-After` says when to come back.', schema: plainError },
  503: { description: 'Not now: `Retry-After` says when to come back.', schema: plainError },
};

/** The document of the edge. */
export const edgeDocs: OpenApiOptions = { title, description, forKeys };
