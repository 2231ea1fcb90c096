import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** `onCut` is called for each connection that is cut. */
export type UntakenOptions = Readonly<{ bytesMax: number; onCut: () => void }>;

/**
 * The bytes of answers that clients have not taken, of all connections: Node keeps an answer until the system has taken
 * it whole, so that clients which ask and do not read would fill the memory. Beyond the budget connections are cut,
 * those first that have had something to take for longest.
 */
export class UntakenAnswers {
  /** By connection until it closes; those that have something to take are in the order in which that began. */
  readonly #bytesOf = new Map<Socket, number>();
  #bytes = 0;

  constructor(private readonly options: UntakenOptions) {}

  /** Counts an answer that is about to be sent, until it is taken or its connection closes. */
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

  /** The newest answer is spared on a connection that has no other, or a large one could never be taken. */
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
