import { expect, it } from '@jest/globals';
import { Session, type NodeWorker } from 'node:inspector';
import { readsOf } from '../support/health.js';
import { startLedger } from '../support/ledger.js';
import { deliverLives, expectTruth, newLives, reachPosition } from '../support/lives.js';
import { until } from '../support/until.js';

/** Terminates this process's threads that run a file, like a crash in them. */
async function endThreads(file: string): Promise<void> {
  const session = new Session();
  session.connect();
  const found: string[] = [];
  session.on(
    'NodeWorker.attachedToWorker',
    ({ params: { sessionId, workerInfo } }: { params: NodeWorker.AttachedToWorkerEventDataType }) => {
      if (workerInfo.url.endsWith(file)) found.push(sessionId);
    },
  );
  await new Promise<void>((resolve) =>
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, () => resolve()),
  );
  await until(`a thread of ${file} is found`, async () => found.length > 0);
  const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: 'process.exit(1)' } });
  for (const sessionId of found) session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
  session.disconnect();
}

it('a catch-up thread that exits is restarted, and continues where it was', async () => {
  const ledger = await startLedger();
  const before = newLives(5);
  await reachPosition(ledger.url, await deliverLives(ledger.url, before));
  await endThreads('catch-up-thread.js');
  await until('the end of the thread is told', async () => (await readsOf(ledger)).catchUp !== 'projecting');
  const after = newLives(5);
  await reachPosition(ledger.url, await deliverLives(ledger.url, after));
  expect((await readsOf(ledger)).catchUp).toBe('projecting');
  await expectTruth(ledger.databaseUrl, [...before, ...after]);
  await ledger.stop();
}, 60_000);
