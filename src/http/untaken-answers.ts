import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** `onCut` is called for each connection cut. */
export type UntakenOptions = Readonly<{ bytesMax: number; onCut: () => void }>;

/**
 * Tracks the answer bytes that clients have not read yet, over all connections. Node keeps an answer until the system
 * has accepted all of it, so clients that do not read would fill the memory. Beyond the budget connections are cut,
 * starting with those that have had unread bytes longest.
 */
export class UntakenAnswers {
  /** Unread bytes by connection, until it closes; those with unread bytes are in the order in which that started. */
  readonly #bytesOf = new Map<Socket, number>();
  #bytes = 0;

  constructor(private readonly options: UntakenOptions) {}

  /** Counts an answer that is about to be sent, until it is sent or its connection closes. */
  add(response: ServerResponse, bytes: number): void {
    const { socket } = response.req;
    if (socket.destroyed) return;
    const before = this.#bytesOf.get(socket);
    if (before === undefined) socket.once('close', () => this.#forget(socket));
    if (before === 0) this.#bytesOf.delete(socket);
    this.#bytesOf.set(socket, (before ?? 0) + bytes);
    this.#bytes += bytes;
    response.once('finish', () => this.#taken(socket, bytes));
    if (this.#bytes > this.options.bytesMax) this.#cut(socket, bytes);
  }

  #taken(socket: Socket, bytes: number): void {
    const before = this.#bytesOf.get(socket);
    if (before === undefined) return;
    this.#bytesOf.set(socket, before - bytes);
    this.#bytes -= bytes;
  }

  #forget(socket: Socket): void {
    this.#bytes -= this.#bytesOf.get(socket) ?? 0;
    this.#bytesOf.delete(socket);
  }

  /** Spares the newest answer if alone on its connection: one larger than the budget could never be sent otherwise. */
  #cut(newest: Socket, newestBytes: number): void {
    for (const [socket, bytes] of this.#bytesOf) {
      if (this.#bytes <= this.options.bytesMax) return;
      if (bytes === 0 || (socket === newest && bytes === newestBytes)) continue;
      this.#forget(socket);
      this.options.onCut();
      socket.destroy();
    }
  }
}
