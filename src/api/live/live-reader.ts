import { hash as digest } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { PRIVATE_HEADERS } from '../../http/private-answers.js';

/** A state as sent to readers: one buffer shared by all, and a digest that identifies it after its release. */
export type LiveMessage = Readonly<{ state: string; bytes: Buffer }>;

/** Returns the message of a state from the event's name, its id, and its data as JSON. */
export const liveMessage = ({
  event,
  id,
  data,
}: Readonly<{ event: string; id: string; data: string }>): LiveMessage => ({
  state: digest('sha256', data),
  bytes: Buffer.from(`event: ${event}\nid: ${id}\ndata: ${data}\n\n`),
});

/** The headers of a stream, and of the answer to a HEAD. */
export const LIVE_HEADERS = {
  ...PRIVATE_HEADERS,
  'content-type': 'text/event-stream; charset=utf-8',
  // Without it, proxies of the nginx family hold events back until a buffer is full.
  'x-accel-buffering': 'no',
};
const RECONNECT_AFTER_MS = 1_000;

/**
 * One reader of live updates over Server-Sent Events. Keeps only the message in flight and the latest state: while the
 * reader does not read, states merge. A reader that is blocked for `slowMs` is cut, and gets the current state when it
 * reconnects.
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
    // A broken connection is closed next; there is nothing to report.
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

  /** Bytes held for this reader: sent but not yet accepted by its connection, and the next state. */
  get keptBytes(): number {
    return this.response.writableLength + (this.#next?.bytes.length ?? 0);
  }

  /** How long the reader has been blocked; 0 while it reads. */
  blockedForMs(): number {
    return this.#blockedSinceMs === undefined ? 0 : performance.now() - this.#blockedSinceMs;
  }

  /** Destroys the connection at once, which releases unread bytes even of a response that waits behind another. */
  cut(): void {
    this.response.req.socket.destroy();
  }

  /** Sends a heartbeat, so that proxies keep the connection; cuts a reader that has been blocked too long. */
  beat(): void {
    if (this.#blockedSinceMs === undefined) this.#write(': still here\n\n');
    else if (this.blockedForMs() > this.options.slowMs) this.cut();
  }

  /** Ends the stream: the client reconnects automatically, here or elsewhere. */
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

/** Cuts readers, the longest blocked first, until at most `bytesMax` bytes are held; returns how many it cut. */
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
