// A bare HTTP/1.1 connection with one request in flight: it costs little beside what it measures.
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** What a server returned. */
export interface Answer {
  status: number;
  /** The status line and the headers. */
  head: string;
  body: Buffer;
}

/** The bytes of a POST of JSON, to be sent any number of times. */
export function postOf(
  port: number,
  path: string,
  body: string,
  headers: Record<string, string> = {},
): Buffer {
  const head = Object.entries({ host: `127.0.0.1:${port}`, 'content-type': 'application/json', ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** A header of an answer; undefined where it has none of that name. */
export function headerOf({ head }: Answer, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*?) *\r?$`, 'im').exec(head)?.[1];
}

/** The answer at the start of these bytes; undefined until it is whole. */
export function readAnswer(received: Buffer): Answer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = received.toString('latin1', 0, end + 2);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length === undefined) throw new Error(`reading an answer without a length: ${head}`);
  const from = end + 4;
  const to = from + Number(length);
  if (received.length < to) return undefined;
  return { status: Number(head.slice(9, 12)), head, body: received.subarray(from, to) };
}

/** One connection; after a failure it is of no more use. */
export class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1').setNoDelay(true);
    this.#socket.on('data', (chunk) => this.#receive(chunk));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  /** Sends a request; resolves with its answer. @throws Error where the connection breaks */
  request(bytes: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure);
        return;
      }
      this.#waiting = { resolve, reject };
      this.#socket.write(bytes);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    try {
      const answer = readAnswer(this.#received);
      if (answer === undefined) return;
      this.#received = Buffer.alloc(0);
      this.#waiting?.resolve(answer);
      this.#waiting = undefined;
    } catch (error) {
      this.#fail(error as Error);
      this.#socket.destroy();
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
  }
}
