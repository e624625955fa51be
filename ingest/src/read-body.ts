// Reading a request's body up to a limit, whatever Content-Length says.
import { FailureError } from '@activity/service';

/**
 * The body's bytes.
 *
 * @throws FailureError too-large where there are more than `limit`; what is beyond is not read.
 */
export async function readBody(request: Request, limit: number): Promise<Buffer> {
  if (Number(request.headers.get('content-length')) > limit) throw tooLarge(limit);
  if (request.body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function tooLarge(limit: number): FailureError {
  return new FailureError({ kind: 'too-large', message: `the body must not exceed ${limit} bytes` });
}
