// GET /openapi.json and /docs: what a service offers, for machines and for people.
import { z } from 'zod';
import type { DocumentedRoute } from './documented-route.ts';
import { openApi, type OpenApiOptions } from './openapi.ts';
import { docsPage, docsPolicy } from './page.ts';

/** A route of the documentation. */
export interface DocsRoute extends Omit<DocumentedRoute, 'query' | 'parameters'> {
  method: 'GET';
  handle: (request: { context: { req: { url: string } } }) => {
    status: number;
    headers?: Record<string, string>;
    body: string;
  };
}

/** Routes that describe the others, and themselves. */
export function docsRoutes(others: readonly DocumentedRoute[], options: OpenApiOptions): DocsRoute[] {
  const routes: DocsRoute[] = [
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
  const document = openApi([...others, ...routes], options);
  const json = JSON.stringify(document);
  return routes;
}
