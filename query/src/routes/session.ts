// /api/session: a browser signs in with a key that may read, and out again.
import { FailureError, fieldProblems, plainError, validationError } from '@activity/service';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { giveSession, isSameOrigin, sessionOf, takeSession } from '../http/access.ts';
import type { EndingAuthenticator } from '../http/ended-sessions.ts';
import { failed, route } from '../http/route.ts';
import type { Answer, Route } from '../http/route.ts';

/** What the routes need. */
export interface SessionDeps {
  authenticator: EndingAuthenticator;
  /** How long a session lasts. */
  sessionHours: number;
  now: () => number;
}

const signIn = z.object({ key: z.string().max(256) });
const status = z.object({
  signedIn: z.boolean().describe('Whether reads are allowed'),
  keysNeeded: z.boolean().describe('False where no keys are asked for at all'),
});
const maxBodyBytes = 1_024;

/** The routes of the page's session. */
export function sessionRoutes({ authenticator, sessionHours, now }: SessionDeps): Route[] {
  const keysNeeded = !authenticator.open;

  async function open(context: Context): Promise<Answer> {
    if (!isSameOrigin(context)) return foreign();
    const type = context.req.header('content-type') ?? '';
    // A form of another site cannot send this type.
    if (!/^application\/json\b/i.test(type)) {
      return failed({ kind: 'unsupported-media-type', message: 'must be application/json' });
    }
    const body = signIn.safeParse(await readJson(context));
    if (!body.success) return failed({ kind: 'validation', details: fieldProblems(body.error) });
    if (!keysNeeded) return { status: 200, body: { signedIn: true, keysNeeded } };
    const token = authenticator.openSession(body.data.key.trim(), now() + sessionHours * 3_600_000);
    if (token === undefined) {
      return failed({ kind: 'forbidden', message: 'the key is not known, or lacks the scope read' });
    }
    giveSession(context, token, sessionHours * 3_600);
    return { status: 200, body: { signedIn: true, keysNeeded } };
  }

  return [
    route({
      method: 'GET',
      path: '/api/session',
      scope: undefined,
      summary: 'Whether one is signed in',
      description: 'For the page: whether its reads will be allowed.',
      answers: { 200: { description: 'Whether reads are allowed.', schema: status } },
      handle: ({ identity }) => ({
        status: 200,
        body: { signedIn: identity?.scopes.has('read') ?? false, keysNeeded },
      }),
    }),
    route({
      method: 'POST',
      path: '/api/session',
      scope: undefined,
      summary: 'Sign in',
      description:
        'With an API key that may read. The answer sets a cookie that scripts cannot read and other sites do not send; it ends with the key.',
      body: { 'application/json': { schema: signIn, example: { key: 'act_…' } } },
      answers: {
        200: {
          description: 'Signed in.',
          schema: status,
          headers: { 'Set-Cookie': 'The session: HttpOnly, SameSite=Strict' },
        },
        400: { description: 'The body is wrong.', schema: validationError },
        403: { description: 'The key is wrong, or the request comes from another site.', schema: plainError },
        415: { description: 'The body is not JSON.', schema: plainError },
      },
      handle: ({ context }) => open(context),
    }),
    route({
      method: 'DELETE',
      path: '/api/session',
      scope: undefined,
      summary: 'Sign out',
      description: 'Takes the cookie away, and ends the session and what it reads.',
      answers: {
        200: { description: 'Signed out.', schema: status },
        403: { description: 'The request comes from another site.', schema: plainError },
      },
      handle: ({ context }) => {
        if (!isSameOrigin(context)) return foreign();
        const token = sessionOf(context);
        if (token !== undefined) authenticator.endSession(token, now());
        takeSession(context);
        return { status: 200, body: { signedIn: !keysNeeded, keysNeeded } };
      },
    }),
  ];
}

function foreign(): Answer {
  return failed({ kind: 'forbidden', message: 'the request comes from another site' });
}

const limited = bodyLimit({
  maxSize: maxBodyBytes,
  onError: () => {
    throw new FailureError({ kind: 'too-large', message: `a sign-in has at most ${maxBodyBytes} bytes` });
  },
});

async function readJson(context: Context): Promise<unknown> {
  let text = '';
  await limited(context, async () => {
    text = await context.req.text();
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new FailureError({ kind: 'validation', details: [{ field: 'body', message: 'must be JSON' }] });
  }
}
