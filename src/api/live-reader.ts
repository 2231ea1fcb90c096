import type { ServerResponse } from 'node:http';

/** A state as a reader is told it: the event's name, its id, and its data as JSON. */
export type LiveMessage = Readonly<{ event: string; id: string; data: string }>;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Proxies of the nginx family would keep events back until a buffer is full.
  'x-accel-buffering': 'no',
};
const RECONNECT_AFTER_MS = 1_000;

/**
 * One reader of live updates over Server-Sent Events. No more is kept for it than the message under way and the latest state: while
 * it does not read, states merge; one that does not read for `slowMs` is cut, and gets the current state when it connects again.
 */
export class LiveReader {
  #told: string | undefined;
  #next: LiveMessage | undefined;
  #blockedSinceMs: number | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly options: { slowMs: number; onGone: () => void },
  ) {
    response.on('close', options.onGone);
    // A connection that breaks is closed next; there is nothing to tell anybody.
    response.on('error', () => response.destroy());
    response.on('drain', () => this.#drained());
    response.writeHead(200, HEADERS);
    response.write(`retry: ${RECONNECT_AFTER_MS}\n\n`);
  }

  /** Tells a state, unless it is the one that was told last. */
  tell(message: LiveMessage): void {
    if (this.#blockedSinceMs !== undefined) {
      this.#next = message;
      return;
    }
    if (message.data === this.#told || this.response.writableEnded) return;
    this.#told = message.data;
    this.#write(`event: ${message.event}\nid: ${message.id}\ndata: ${message.data}\n\n`);
  }

  /** Keeps proxies from taking the connection for a dead one; cuts a reader that has not read for long. */
  beat(): void {
    if (this.#blockedSinceMs === undefined) this.#write(': still here\n\n');
    else if (performance.now() - this.#blockedSinceMs > this.options.slowMs) this.response.destroy();
  }

  /** Ends the stream: the client connects again by itself, here or elsewhere. */
  end(): void {
    if (this.#blockedSinceMs === undefined) this.response.end();
    else this.response.destroy();
  }

  #write(text: string): void {
    if (!this.response.write(text)) this.#blockedSinceMs = performance.now();
  }

  #drained(): void {
    this.#blockedSinceMs = undefined;
    const next = this.#next;
    this.#next = undefined;
    if (next !== undefined) this.tell(next);
  }
}
