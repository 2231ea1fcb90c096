/** The program of a thread that answers queries about the past, one at a time, until it is terminated. */
import { parentPort, workerData } from 'node:worker_threads';
import { LatestEvents } from './api/events/latest-events.js';
import { LIMITS } from './api/limits.js';
import { KeptTimelines } from './api/timeline/kept-timelines.js';
import { answerPast } from './api/past/past-questions.js';
import type { ForPastThread, FromPastThread, PastThreadData } from './api/past/past-thread-handle.js';
import { problemOf } from './api/problem-of.js';
import { Past } from './as-of/past.js';
import { connectEventStore } from './eventstore/event-store.js';
import { Database } from './read-models/database.js';

if (!parentPort) throw new Error('This module is a thread that answers about the past: start it with PastThreads.');
const parent = parentPort;
const { eventstoreUrl, databaseUrl, readTimeoutMs, reading, referenceKey, policy } = workerData as PastThreadData;

const store = connectEventStore(eventstoreUrl);
// A connection lost while idle is replaced for the next query.
const database = new Database(databaseUrl, {
  connectionsMax: 1,
  statementTimeoutMs: readTimeoutMs,
  onIdleError: () => undefined,
});
const kept = new KeptTimelines(LIMITS.timelines);
const latest = new LatestEvents();

let asking = new AbortController();

async function answer({ question }: Extract<ForPastThread, { kind: 'ask' }>): Promise<FromPastThread> {
  asking = new AbortController();
  try {
    const past = new Past(store, database, { ...reading, signal: asking.signal });
    const { signal } = asking;
    const parts = { past, store, database, kept, latest, referenceKey, policy, signal };
    const answer = await answerPast(question, parts);
    return { kind: 'answered', json: typeof answer === 'string' ? Buffer.from(answer) : new Uint8Array(answer) };
  } catch (error) {
    if (asking.signal.aborted) return { kind: 'abandoned' };
    const problem = problemOf(error);
    return problem === null
      ? { kind: 'failed', error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
      : { kind: 'problem', problem };
  }
}

parent.on('message', (message: ForPastThread) => {
  if (message.kind === 'leave') asking.abort();
  else void answer(message).then((outcome) => parent.postMessage(outcome));
});
