import { hash as digest } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { PRIVATE_HEADERS } from '../../http/private-answers.js';

/**
 * A state as readers get it: one text for all of them, and a digest that tells states apart when the text has
 * been let go.
 */
export type LiveMessage = Readonly<{ state: string; bytes: Buffer }>;

/** The message of a state, by the event's name, its id, and its data as JSON. */
export const liveMessage = ({
  event,
  id,
  data,
}: Readonly<{ event: string; id: string; data: string }>): LiveMessage => ({
  state: digest('sha256', data),
  bytes: Buffer.from(`event: ${event}\nid: ${id}\ndata: ${data}\n\n`),
});

/** What begins a stream, and answers a HEAD. */
export const LIVE_HEADERS = {
  ...PRIVATE_HEADERS,
  'content-type': 'text/event-stream; charset=utf-8',
  // Proxies of the nginx family would keep events back until a buffer is full.
  'x-accel-buffering': 'no',
};
const RECONNECT_AFTER_MS = 1_000;

/**
 * One reader of live updates over Server-Sent Events. No more is kept for it than the message under way and the latest state: while
 * it does not read, states merge; one that does not read for `slowMs` is cut, and gets the current state when it connects again.
 */
export class LiveReader {
  #sent: string | undefined;
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
    response.writeHead(200, LIVE_HEADERS);
    response.write(`retry: ${RECONNECT_AFTER_MS}\n\n`);
  }

  /** Sends a state, unless it is the last one sent. */
  tell(message: LiveMessage): void {
    if (this.#blockedSinceMs !== undefined) {
      this.#next = message;
      return;
    }
    if (message.state === this.#sent || this.response.writableEnded) return;
    this.#sent = message.state;
    this.#write(message.bytes);
  }

  /** Bytes held for this reader: sent and not yet taken by its connection, and the state that follows. */
  get keptBytes(): number {
    return this.response.writableLength + (this.#next?.bytes.length ?? 0);
  }

  /** How long it has not taken all that was sent; 0 while it does. */
  blockedForMs(): number {
    return this.#blockedSinceMs === undefined ? 0 : performance.now() - this.#blockedSinceMs;
  }

  /** Breaks the connection at once: what was not taken is let go, also that of a response which waits behind another. */
  cut(): void {
    this.response.req.socket.destroy();
  }

  /** Keeps proxies from taking the connection for a dead one; cuts a reader that has not read for long. */
  beat(): void {
    if (this.#blockedSinceMs === undefined) this.#write(': still here\n\n');
    else if (this.blockedForMs() > this.options.slowMs) this.cut();
  }

  /** Ends the stream: the client connects again by itself, here or elsewhere. */
  end(): void {
    if (this.#blockedSinceMs === undefined) this.response.end();
    else this.cut();
  }

  #write(message: string | Buffer): void {
    if (!this.response.write(message)) this.#blockedSinceMs = performance.now();
  }

  #drained(): void {
    this.#blockedSinceMs = undefined;
    const next = this.#next;
    this.#next = undefined;
    if (next !== undefined) this.tell(next);
  }
}

/**
 * Cuts readers until at most this many bytes are kept for all of them; returns how many it cut. Those that have
 * taken nothing for longest go first, and for one that reads nothing is kept.
 */
export function cutSlowest(readers: Iterable<LiveReader>, bytesMax: number): number {
  const all = [...readers];
  let kept = all.reduce((sum, { keptBytes }) => sum + keptBytes, 0);
  if (kept <= bytesMax) return 0;
  let cut = 0;
  for (const reader of all.sort((a, b) => b.blockedForMs() - a.blockedForMs())) {
    if (kept <= bytesMax) break;
    kept -= reader.keptBytes;
    reader.cut();
    cut += 1;
  }
  return cut;
}
