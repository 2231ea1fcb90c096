/** Stops the server's thread. */
import type { Worker } from 'node:worker_threads';

/** More than twice the time that a healthy thread needs to stop, including the clients' grace. */
export const STOP_MS = 5_000;

/**
 * Asks a thread to stop and waits for `ended`. Terminates it after `limitMs`: acknowledged writes are on disk, as after
 * any kill.
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
