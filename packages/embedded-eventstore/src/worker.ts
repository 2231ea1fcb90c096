/** The server's thread: it serves until its parent stops it, or its storage fails. */
import { parentPort, workerData } from 'node:worker_threads';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { serve, type RunningServer } from './server.js';
import type { WorkerMessage, WorkerOptions } from './index.js';

if (!parentPort)
  throw new Error(
    'This module is the worker thread of the embedded event store: start it with startEmbeddedEventStore.',
  );
const parent = parentPort;
const post = (message: WorkerMessage): void => parent.postMessage(message);

/** Failures are reported to the parent and to the clients, not to the console. */
setLogVerbosity(logVerbosity.NONE);

let server: RunningServer | undefined;

/**
 * Reports the failure to the parent, then to the clients by the errors of their calls. Then the thread ends, with all
 * connections.
 */
async function end(reason?: Error): Promise<void> {
  await server?.stop(reason);
  process.exit();
}

function onFailed(error: Error): void {
  post({ kind: 'failed', message: error.message });
  void end(error);
}

parent.once('message', () => void end());
try {
  server = await serve({ ...(workerData as WorkerOptions), onFailed });
  post({ kind: 'listening', port: server.port });
} catch (error) {
  post({ kind: 'failed', message: (error as Error).message, code: (error as { code?: string }).code });
  parent.close();
}
