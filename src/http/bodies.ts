import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** Why a body was not taken. `incomplete`: the client has gone, and hears no answer. */
export type BodyRefusal = 'over_limit' | 'overloaded' | 'timeout' | 'malformed' | 'incomplete';

export type BodiesLimits = Readonly<{
  /** Bytes that all bodies under way may hold together. */
  bytesMax: number;
  /** A body under way for longer may be given up, when all bytes are taken, for one that comes now. */
  patienceMs: number;
}>;

type Done = (refusal: BodyRefusal | null, body: Buffer) => void;

/**
 * Reads bodies into memory within one budget of bytes for all connections. What is counted is what is held: bytes that
 * were sent, not those that a header promises. Most bodies arrive at once; those that hold bytes for long without an
 * end are the first to go, so that slow senders cannot keep others out.
 */
export class Bodies {
  readonly #limits: BodiesLimits;
  /** Bodies that hold bytes, the oldest first. */
  readonly #holding = new Set<Body>();
  readonly #bySocket = new WeakMap<Socket, Body>();
  #heldBytes = 0;

  constructor(limits: BodiesLimits) {
    this.#limits = limits;
  }

  /** Bytes that bodies under way hold now. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Reads a body of at most `bytesMax` bytes, and calls `done` once: with the body, or with why it was not taken. */
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

  /** Ends the body that a connection is sending; false when it sends none. */
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

/** One body under way. Its bytes are copied together: a kept chunk would keep all that its socket read with it. */
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

  /** False when it had ended before. */
  end(refusal: BodyRefusal | null): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    if (refusal !== null) this.#request.off('data', this.#onData);
    this.#options.done(refusal, refusal === null ? this.#whole() : NOTHING);
    this.#bytes = NOTHING;
    return true;
  }

  /** A copy when more was set aside than came, so that a body that waits holds its own bytes only. */
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

  /** Doubles, so that a body of many small chunks is copied a few times only. */
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
