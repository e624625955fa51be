// Answers of the query service that are being passed on: ended when the edge ends, because some never end by
// themselves.

interface OpenStream {
  /** Ends it: in order where it may stop anywhere, else so that its reader sees that it was cut off. */
  end: () => void;
  /** It may stop anywhere: readers of events come back with the last id. */
  endless: boolean;
}

/** How long an answer that ends by itself is given to end, in milliseconds. */
const graceMs = 1_000;

/** The answers that are being passed on. */
export class OpenStreams {
  readonly #open = new Set<OpenStream>();

  /** Passes a body on. */
  pass(body: ReadableStream<Uint8Array>, endless: boolean): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    const open = this.#open;
    let stream: OpenStream | undefined;
    return new ReadableStream<Uint8Array>(
      {
        start(controller) {
          stream = {
            endless,
            end() {
              if (endless) controller.close();
              else controller.error(new Error('the service is stopping'));
              void reader.cancel().catch(() => {});
            },
          };
          open.add(stream);
        },
        async pull(controller) {
          try {
            const { done, value } = await reader.read();
            // Ended meanwhile: nothing more may be written.
            if (stream === undefined || !open.has(stream)) return;
            if (!done) return controller.enqueue(value);
            controller.close();
          } catch (error) {
            if (stream === undefined || !open.has(stream)) return;
            controller.error(error);
          }
          open.delete(stream);
        },
        async cancel(reason) {
          if (stream !== undefined) open.delete(stream);
          await reader.cancel(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Ends those that never end by themselves, and shortly after all others. */
  end(): void {
    this.#endAll(({ endless }) => endless);
    setTimeout(() => this.#endAll(() => true), graceMs).unref();
  }

  #endAll(which: (stream: OpenStream) => boolean): void {
    for (const stream of [...this.#open].filter(which)) {
      this.#open.delete(stream);
      stream.end();
    }
  }
}
