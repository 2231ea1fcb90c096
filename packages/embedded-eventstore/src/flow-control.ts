/** How much a client may send before the server has looked at it. */
import type { ServerHttp2Session } from 'node:http2';
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';

/** Bytes on the way, of a call and of a connection: as much as the real server's HTTP/2 grants a connection. */
const WINDOW_BYTES = 1024 * 1024;

const widened = new WeakSet<ServerHttp2Session>();

/**
 * With the 64 KB of HTTP/2 a client sends sixteen events and waits until this event loop has come round. grpc-js has an option
 * for its clients alone; a server's connection is widened at its first call, which must be intercepted here first.
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
