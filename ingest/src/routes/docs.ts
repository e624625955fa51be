// GET /openapi.json and /docs: what the edge offers, for machines and for people.
import { z } from 'zod';
import { openApi } from '../docs/openapi.ts';
import { docsPage, docsPolicy } from '../docs/page.ts';
import type { Route } from '../http/route.ts';

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
  const document = openApi([...others, ...routes]);
  const json = JSON.stringify(document);
  return routes;
}
