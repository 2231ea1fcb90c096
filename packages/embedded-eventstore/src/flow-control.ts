/** Flow control: how many bytes a client may send ahead. */
import type { ServerHttp2Session } from 'node:http2';
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';

/** The window of a call and of a connection, in bytes: that of the real server's HTTP/2 connection. */
const WINDOW_BYTES = 1024 * 1024;

const widened = new WeakSet<ServerHttp2Session>();

/**
 * Widens the window of a connection at its first call. With HTTP/2's default of 64 KB a client sends sixteen events and
 * then waits for this event loop; grpc-js has an option for clients only.
 */
export const wideWindow: ServerInterceptor = (_method, call) => {
  const { session } = (call as unknown as { stream: { session?: ServerHttp2Session } }).stream;
  if (session !== undefined && !session.destroyed && !widened.has(session)) {
    widened.add(session);
    session.settings({ initialWindowSize: WINDOW_BYTES });
    session.setLocalWindowSize(WINDOW_BYTES);
  }
  return new ServerInterceptingCall(call);
};
