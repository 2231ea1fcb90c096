import type { BuildOutcome } from '../catch-up/catch-up.js';
import type { AppliedBatch } from '../catch-up/follower.js';
import { startThread } from '../start-thread.js';

/** The start data of a building thread. */
export type BuildThreadData = Readonly<{ eventstoreUrl: string; databaseUrl: string; generations: readonly string[] }>;
/** An applied batch as a message. */
export type AppliedMessage = Omit<AppliedBatch, 'group'>;
export type BuildThreadMessage =
  Readonly<{ kind: 'applied'; batch: AppliedMessage }> | Readonly<{ kind: 'ended'; outcome: BuildOutcome }>;

/** Builds checkpoints in worker threads, until they reach the end of the log or the signal aborts. Never rejects. */
export async function buildInThread(
  data: BuildThreadData,
  { signal, applied }: { signal: AbortSignal; applied: (batch: AppliedMessage) => void },
): Promise<BuildOutcome> {
  const thread = startThread('build-thread.js', { name: 'build', workerData: data });
  let outcome: BuildOutcome = { kind: 'failed', cause: 'the thread ended unexpectedly' };
  thread.on('message', (message: BuildThreadMessage) => {
    if (message.kind === 'applied') applied(message.batch);
    else outcome = message.outcome;
  });
  thread.on('error', (error) => {
    outcome = { kind: 'failed', cause: error.message };
  });
  const stop = () => thread.postMessage('stop');
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  await new Promise((resolve) => thread.once('exit', resolve));
  signal.removeEventListener('abort', stop);
  return outcome;
}
