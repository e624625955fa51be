// GET / and /assets/*: the page. It is open; what it shows needs a session like any other read.
import { escapeHtml, plainError } from '@activity/service';
import type { Context } from 'hono';
import { failed, route } from '../http/route.ts';
import type { TypeNames } from '../types/type-names.ts';
import type { Answer, Route } from '../http/route.ts';
import type { PageFile, PageFiles } from '../page/page-files.ts';

/** What the routes need. */
export interface PageDeps {
  /** Undefined where the page has not been built. */
  files: PageFiles | undefined;
  types: TypeNames;
}

// Its own host and nothing else; no inline script or style, and no HTML made of text.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const unbuilt = `<!doctype html><html lang="en"><title>Activity</title><h1>The page is not built</h1>
<p>Build it with <code>npm run build -w query</code> and start the query service again. The API works without it: <a href="/docs">/docs</a>.</p></html>`;

/** The routes of the page. */
export function pageRoutes({ files, types }: PageDeps): Route[] {
  const html = { 'content-type': 'text/html; charset=utf-8' };

  function page(context: Context): Answer {
    if (files === undefined) return { status: 503, headers: html, body: unbuilt };
    // What the page cannot know by itself: which types there may be, and whether events can be posted where
    // it came from.
    const edge = context.req.header('x-forwarded-host') === undefined ? '' : 'here';
    const body = files.document
      .replace('%ACTIVITY_TYPES%', escapeHtml(JSON.stringify(types.names())))
      .replace('%EDGE%', edge);
    const headers = { ...html, 'content-security-policy': policy, 'cache-control': 'no-cache' };
    return { status: 200, headers, body };
  }

  return [
    route({
      method: 'GET',
      path: '/',
      scope: undefined,
      summary: 'The page',
      description: 'For people: what happens, and how the pipeline is. What it shows it reads from here.',
      answers: {
        200: { description: 'The page.', mediaType: 'text/html' },
        503: { description: 'The page was not built.', mediaType: 'text/html' },
      },
      handle: ({ context }) => page(context),
    }),
    route({
      method: 'GET',
      path: '/assets/*',
      scope: undefined,
      summary: 'What the page is made of',
      description: 'Scripts and styles. A name never changes its content.',
      answers: {
        200: { description: 'The file.', mediaType: 'text/javascript' },
        404: { description: 'There is no such file.', schema: plainError },
      },
      handle: ({ context }) => {
        const file = files?.assets.get(context.req.path);
        return file === undefined ? failed({ kind: 'not-found', what: 'Path' }) : sent(context, file);
      },
    }),
  ];
}

function sent(context: Context, { type, plain, packed }: PageFile): Response {
  const accepted = (context.req.header('accept-encoding') ?? '').split(/[,;]\s*/);
  const encoding = (['br', 'gzip'] as const).find(
    (one) => accepted.includes(one) && packed[one] !== undefined,
  );
  return new Response((encoding && packed[encoding]) ?? plain, {
    headers: {
      'content-type': type,
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
      ...(encoding && { 'content-encoding': encoding }),
    },
  });
}
