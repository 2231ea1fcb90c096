import type { Socket } from 'node:net';

/** How long a client that is still sending may go on reading, in milliseconds. */
const LINGER_MS = 2_000;

/**
 * Makes a connection close so that its client can read the last answer: a socket that is closed while bytes arrive is
 * reset, and a client that still sends sees EPIPE or ECONNRESET instead of the answer (RFC 9112, section 9.6).
 * What arrives meanwhile is thrown away by Node. `destroySoon` is what Node calls after an answer that closes.
 */
export function closeGently(socket: Socket): void {
  socket.destroySoon = () => endGently(socket);
}

/** Sends a last text, stops writing at once, and reading when the client closes or the time is over. */
export function endGently(socket: Socket, text = ''): void {
  socket.end(text);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}
