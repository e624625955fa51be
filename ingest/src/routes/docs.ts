// GET /openapi.json and /docs: what the edge offers, for machines and for people.
import { docsPage, docsPolicy, openApi, plainError } from '@activity/service';
import { z } from 'zod';
import type { Route } from '../http/route.ts';

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

/** Routes that describe the others, and themselves. */
export function docsRoutes(others: readonly Route[]): Route[] {
  const routes: Route[] = [
    {
      method: 'GET',
      path: '/openapi.json',
      scope: undefined,
      summary: 'This document',
      description: 'OpenAPI 3.1, generated from the routes.',
      answers: { 200: { description: 'The document.', schema: z.looseObject({ openapi: z.string() }) } },
      handle: () => ({ status: 200, body: json }),
    },
    {
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
    },
  ];
  const document = openApi([...others, ...routes], { title, description, forKeys });
  const json = JSON.stringify(document);
  return routes;
}
