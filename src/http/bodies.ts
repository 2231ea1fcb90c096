import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** Why a body was rejected. `incomplete`: the client has disconnected and gets no answer. */
export type BodyRefusal = 'over_limit' | 'overloaded' | 'timeout' | 'malformed' | 'incomplete';

export type BodiesLimits = Readonly<{
  /** Bytes that all unfinished bodies may hold together. */
  bytesMax: number;
  /** When the budget is used up, a body older than this may be dropped in favour of a new one. */
  patienceMs: number;
}>;

type Done = (refusal: BodyRefusal | null, body: Buffer) => void;

/**
 * Reads bodies into memory within one byte budget for all connections. The budget counts bytes received, not those that
 * a header declares. When it is used up, the oldest unfinished bodies are dropped first, so that slow senders cannot
 * block others.
 */
export class Bodies {
  readonly #limits: BodiesLimits;
  /** Unfinished bodies that hold bytes, the oldest first. */
  readonly #holding = new Set<Body>();
  readonly #bySocket = new WeakMap<Socket, Body>();
  #heldBytes = 0;

  constructor(limits: BodiesLimits) {
    this.#limits = limits;
  }

  /** Bytes that unfinished bodies hold now. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Reads a body of at most `bytesMax` bytes; calls `done` once, with the body or the reason for its rejection. */
  read(request: IncomingMessage, bytesMax: number, done: Done): void {
    const body: Body = new Body(request, {
      bytesMax,
      take: (bytes) => this.#take(body, bytes),
      done: (refusal, bytes) => {
        this.#release(body);
        done(refusal, bytes);
      },
    });
    this.#bySocket.set(request.socket, body);
  }

  /** Ends the body that a connection is sending; returns false when there is none. */
  refuse(socket: Socket, refusal: BodyRefusal): boolean {
    return this.#bySocket.get(socket)?.end(refusal) ?? false;
  }

  #take(body: Body, bytes: number): boolean {
    while (this.#heldBytes + bytes > this.#limits.bytesMax) {
      const [oldest] = this.#holding;
      if (oldest === undefined || oldest === body) return false;
      if (performance.now() - oldest.startedMs < this.#limits.patienceMs) return false;
      oldest.end('overloaded');
    }
    this.#holding.add(body);
    this.#heldBytes += bytes;
    return true;
  }

  #release(body: Body): void {
    if (this.#holding.delete(body)) this.#heldBytes -= body.heldBytes;
  }
}

const NOTHING: Buffer = Buffer.alloc(0);

type BodyOptions = Readonly<{ bytesMax: number; take: (bytes: number) => boolean; done: Done }>;

/** One unfinished body. Its bytes are copied: keeping a chunk would retain everything its socket read with it. */
class Body {
  readonly startedMs = performance.now();
  readonly #request: IncomingMessage;
  readonly #options: BodyOptions;
  #bytes: Buffer = NOTHING;
  #length = 0;
  #ended = false;

  constructor(request: IncomingMessage, options: BodyOptions) {
    this.#request = request;
    this.#options = options;
    request.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onGone);
  }

  get heldBytes(): number {
    return this.#bytes.length;
  }

  /** Returns false if it had already ended. */
  end(refusal: BodyRefusal | null): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    if (refusal !== null) this.#request.off('data', this.#onData);
    this.#options.done(refusal, refusal === null ? this.#whole() : NOTHING);
    this.#bytes = NOTHING;
    return true;
  }

  /** Copies the bytes when the buffer is larger, so that a waiting body holds only its own bytes. */
  #whole(): Buffer {
    return this.#length === this.#bytes.length ? this.#bytes : Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  readonly #onEnd = (): void => void this.end(null);
  readonly #onGone = (): void => void this.end('incomplete');

  readonly #onData = (chunk: Buffer): void => {
    const length = this.#length + chunk.length;
    if (length > this.#options.bytesMax) return void this.end('over_limit');
    if (length > this.#bytes.length && !this.#grow(length)) return void this.end('overloaded');
    chunk.copy(this.#bytes, this.#length);
    this.#length = length;
  };

  /** Doubles the buffer, so that a body of many small chunks is copied only a few times. */
  #grow(needed: number): boolean {
    const declared = Number(this.#request.headers['content-length'] ?? this.#options.bytesMax);
    const size = Math.max(needed, Math.min(2 * this.#bytes.length, declared));
    if (!this.#options.take(size - this.#bytes.length)) return false;
    const grown = Buffer.allocUnsafe(size);
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
    return true;
  }
}
