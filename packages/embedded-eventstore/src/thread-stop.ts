/** The end of the server's thread. */
import type { Worker } from 'node:worker_threads';

/** What a thread takes to stop, with its clients' grace, is less than half of this. */
export const STOP_MS = 5_000;

/**
 * Asks a thread to stop and waits for `ended`. One that does not end within `limitMs` is terminated: what it has
 * acknowledged is on disk, as after any kill.
 */
export async function stopThread(worker: Worker, ended: Promise<unknown>, limitMs = STOP_MS): Promise<void> {
  worker.postMessage('stop');
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), limitMs);
  });
  if ((await Promise.race([ended, late])) === 'late') await worker.terminate();
  clearTimeout(timer);
}
