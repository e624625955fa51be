// What the query service's OpenAPI document says besides its routes.
import { plainError, sessionCookie, type OpenApiOptions } from '@activity/service';

const title = 'User activity: the query service';
const description = `Reads what users did: single logs, counts over time, and where an event is on its way.

Times are ISO-8601 in UTC with milliseconds. Every read has a time limit; \`503\` with \`Retry-After\` says that MongoDB is away, or that a read would have taken too long.
Answers made of counts say with \`asOf\` how fresh they are: everything that the edge acknowledged before that moment is in them. It is null where that is not known.`;

const forKeys = {
  401: {
    description: 'An API key or a session is needed, and there is none or a wrong one.',
    schema: plainError,
  },
  403: { description: 'The API key lacks the scope.', schema: plainError },
  503: {
    description: 'MongoDB is away, or the read took too long.',
    schema: plainError,
    headers: { 'Retry-After': 'Seconds after which to come back' },
  },
};

const otherSchemes = { session: { type: 'apiKey', in: 'cookie', name: sessionCookie } };

/** The document of the query service. */
export const queryDocs: OpenApiOptions = { title, description, forKeys, otherSchemes };
