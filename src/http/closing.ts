import type { Socket } from 'node:net';

/** How long a client that is still sending may continue to read, in milliseconds. */
const LINGER_MS = 2_000;

/**
 * Closes a connection so that its client can read the last answer. A socket that closes while bytes arrive is reset,
 * and a client that is still sending sees EPIPE or ECONNRESET instead of the answer (RFC 9112, section 9.6). Node
 * discards what arrives meanwhile. It calls `destroySoon` after an answer with `connection: close`.
 */
export function closeGently(socket: Socket): void {
  socket.destroySoon = () => endGently(socket);
}

/** Sends a last text and stops writing; stops reading when the client closes, or after `LINGER_MS`. */
export function endGently(socket: Socket, text = ''): void {
  socket.end(text);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}
