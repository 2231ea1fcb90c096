import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { EventStore } from '../eventstore/event-store.js';
import { interrupt, readOperation, step, type Step } from './operation-log.js';
import { ATTEMPTS_MAX, type Operation, type OperationProgress, type Standing } from './operation.js';
import { work, type Worked } from './work.js';
import type { Parts } from '../rebuild/held.js';

/** The interval of heartbeats. A process that is silent for longer than the lease has lost the operation. */
const BEAT_MS = 2_000;
export const LEASE_MS = 10_000;
/** The owner gives up before another process may take over. */
const GIVE_UP_AFTER_MS = 7_000;
const END_ATTEMPTS_MAX = 30;

type Working = Readonly<{ store: EventStore; parts: Parts; signal: AbortSignal; now?: () => Date }>;

/**
 * Claims an operation that no process has worked on since this revision, and runs it to its end, or until the signal
 * aborts: then it is released for another process. Returns whether the claim succeeded.
 */
export async function workAt(
  { id, revision }: Readonly<{ id: string; revision: bigint }>,
  working: Working,
): Promise<boolean> {
  const { store, now = () => new Date() } = working;
  const found = await readOperation(store, id);
  if (found === null || found.revision !== revision) return false;
  if (found.state === 'cancelling')
    return (await step(store, found, ['cancelled', ended('cancelled', now())])) !== null;
  if (found.state !== 'queued' && found.state !== 'running') return false;
  const isResumed = found.attempts > 0;
  if (found.state === 'running' && found.attempts >= ATTEMPTS_MAX) {
    const cause = `${found.attempts} processes ended while working on it.`;
    return (await interrupt(store, found, cause, now())) !== null;
  }
  const claimed = await step(store, found, [
    isResumed ? 'resumed' : 'started',
    {
      state: 'running',
      owner: randomUUID(),
      attempts: found.attempts + 1,
      startedAt: found.startedAt ?? now().toISOString(),
    },
  ]);
  if (claimed === null) return false;
  await new Claim(claimed, working, now).work(isResumed);
  return true;
}

const ended = (state: Standing['state'], at: Date): Partial<Standing> => ({
  state,
  owner: null,
  endedAt: at.toISOString(),
});

type Ending = 'cancelled' | 'lost' | 'released';

/** A claimed operation. Appending its next event at the expected revision proves the right to continue. */
class Claim {
  #operation: Operation;
  #progress: OperationProgress | null;
  #provenAt = performance.now();
  /** Aborted when the work must end. */
  readonly #ending = new AbortController();
  /** Aborted when the work has ended. */
  readonly #done = new AbortController();
  #why: Ending | null = null;

  constructor(
    operation: Operation,
    private readonly working: Working,
    private readonly now: () => Date,
  ) {
    this.#operation = operation;
    this.#progress = operation.progress;
  }

  async work(isResumed: boolean): Promise<void> {
    const { parts, signal } = this.working;
    const release = (): void => this.#end('released');
    signal.addEventListener('abort', release);
    if (signal.aborted) release();
    const beating = this.#beat();
    const worked = await work(this.#operation.request, {
      parts,
      signal: this.#ending.signal,
      isResumed,
      isReleased: () => this.#why === 'released' || this.#why === 'lost',
      progressed: (progress) => {
        this.#progress = progress;
      },
    }).catch((error: unknown): Worked => ({
      kind: 'failed',
      cause: error instanceof Error ? error.message : String(error),
    }));
    signal.removeEventListener('abort', release);
    const why = this.#why;
    this.#done.abort();
    await beating;
    if (why !== 'lost') await this.#finish(worked, why);
  }

  #end(why: Ending): void {
    this.#why ??= why;
    this.#ending.abort();
  }

  /** Appends heartbeats with progress, also while the work is ending. */
  async #beat(): Promise<void> {
    const { signal } = this.#done;
    while (this.#why !== 'lost') {
      await pause(BEAT_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await this.#append('progressed', { progress: this.#progress }).catch(() => undefined);
      if (performance.now() - this.#provenAt > GIVE_UP_AFTER_MS) this.#end('lost');
    }
  }

  /**
   * Appends a step, unless another process has taken over. A concurrent cancellation also moves the stream. @throws
   * StoreUnavailable
   */
  async #append(name: Step, change: Partial<Standing>): Promise<void> {
    for (;;) {
      const next = await step(this.working.store, this.#operation, [name, change]);
      if (next !== null) {
        this.#operation = next;
        this.#provenAt = performance.now();
        return;
      }
      const now = await readOperation(this.working.store, this.#operation.id);
      if (now === null || now.owner !== this.#operation.owner) {
        this.#end('lost');
        return;
      }
      this.#operation = now;
      if (now.state === 'cancelling') this.#end('cancelled');
    }
  }

  async #finish(worked: Worked, why: 'cancelled' | 'released' | null): Promise<void> {
    const [name, change] = this.#outcomeOf(worked, why);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#append(name, { progress: this.#progress, ...change });
        return;
      } catch (error) {
        if (attempt === END_ATTEMPTS_MAX) throw error;
        await pause(1_000);
      }
    }
  }

  #outcomeOf(worked: Worked, why: 'cancelled' | 'released' | null): readonly [Step, Partial<Standing>] {
    const now = this.now();
    if (worked.kind === 'succeeded') return ['succeeded', { ...ended('succeeded', now), result: worked.result }];
    if (why === 'cancelled') return ['cancelled', ended('cancelled', now)];
    // Work interrupted by the end of its process has not failed.
    if (why === 'released') return ['released', { state: 'queued', owner: null }];
    if (worked.kind === 'stopped')
      return ['failed', { ...ended('failed', now), cause: 'It was ended by another process.' }];
    return ['failed', { ...ended('failed', now), cause: worked.cause, result: worked.result ?? null }];
  }
}
