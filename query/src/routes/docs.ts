// GET /openapi.json and /docs: what the query service offers, for machines and for people.
import { docsPage, docsPolicy, openApi, plainError, sessionCookie } from '@activity/service';
import { z } from 'zod';
import { route } from '../http/route.ts';
import type { Route } from '../http/route.ts';

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

/** Routes that describe the others, and themselves. */
export function docsRoutes(others: readonly Route[]): Route[] {
  const routes: Route[] = [
    route({
      method: 'GET',
      path: '/openapi.json',
      scope: undefined,
      summary: 'This document',
      description: 'OpenAPI 3.1, generated from the routes.',
      answers: { 200: { description: 'The document.', schema: z.looseObject({ openapi: z.string() }) } },
      handle: () => ({ status: 200, body: json }),
    }),
    route({
      method: 'GET',
      path: '/docs',
      scope: undefined,
      summary: 'This document, to read',
      description: 'One page of HTML.',
      answers: { 200: { description: 'The page.', mediaType: 'text/html' } },
      handle: ({ context }) => ({
        status: 200,
        headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': docsPolicy },
        body: docsPage(document, new URL(context.req.url).origin),
      }),
    }),
  ];
  const document = openApi([...others, ...routes], { title, description, forKeys, otherSchemes });
  const json = JSON.stringify(document);
  return routes;
}
