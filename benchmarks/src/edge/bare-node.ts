// Peer (d): the least that one process can do: node:http alone, which validates and returns 201. Whatever is
// built on it is slower.
import { createServer } from 'node:http';
import { activityInput } from '@activity/contracts';

const server = createServer((incoming, outgoing) => {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('end', () => {
    const health = incoming.method === 'GET';
    const parsed = health ? undefined : activityInput.safeParse(JSON.parse(Buffer.concat(chunks).toString()));
    const text = JSON.stringify(
      parsed === undefined || !parsed.success
        ? { status: 'ok' }
        : {
            success: true,
            message: 'Activity log published successfully',
            eventId: parsed.data.eventId ?? 'none',
          },
    );
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    outgoing.writeHead(health ? 200 : (parsed?.success ?? false) ? 201 : 400, headers).end(text);
  });
});
server.listen(Number(process.env['PORT']), '127.0.0.1');
