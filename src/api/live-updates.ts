import { Logger, type OnModuleDestroy } from '@nestjs/common';
import { Gauge, type Registry } from 'prom-client';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { ProblemError } from '../http/problem.js';
import type { Database } from '../read-models/database.js';
import type { Answer } from './answer.js';
import { LiveReader, type LiveMessage } from './live-reader.js';
import { keyOf, readTopics, type LiveTopic } from './live-topics.js';
import type { ReadPosition } from './read-position.js';

type Followed = { readonly topic: LiveTopic; readonly readers: Set<LiveReader> };

/** How often the position of the read models is asked for while anybody follows. A round that took long is followed by a rest several times as long. */
const POLL_MS = 100;
const REST_PER_WORK = 4;
/** Rows also change without the position: a parked stream is replayed, a rebuilt read model takes the place of the old. */
const REFRESH_ANYHOW_MS = 5_000;
const BEAT_MS = 10_000;
const SLOW_READER_MS = 30_000;

/**
 * Live updates, level-triggered: who connects is told the current state, and later ones as they come; states between may merge.
 * Which process projects does not matter, nor does a transaction pooler (which knows no LISTEN): all readers of this process
 * share one poll of the position, and when it has moved, one read of what they follow.
 */
export class LiveUpdates implements OnModuleDestroy {
  readonly #logger = new Logger('live');
  readonly #followed = new Map<string, Followed>();
  readonly #stopping = new AbortController();
  #readers = 0;
  /** What the last read was as of; undefined when a new reader may know less than it. */
  #readAt: { position: bigint; ms: number } | undefined;
  #polling = false;
  #isAway = false;

  constructor(
    private readonly database: Database,
    private readonly position: ReadPosition,
    private readonly options: { readersMax: number; registry: Registry },
  ) {
    const readers = (): number => this.#readers;
    new Gauge({ name: 'ledger_live_readers', help: 'Connections that follow live updates.', registers: [options.registry], collect() { this.set(readers()); } });
  }

  /**
   * Reads a topic, so that a problem can still be answered, and returns what begins the stream on a response.
   * @throws ProblemError 503 when too many follow already.
   */
  async follow(topic: LiveTopic): Promise<(response: ServerResponse) => void> {
    if (this.#readers >= this.options.readersMax) throw tooMany(this.options.readersMax);
    const { position } = await this.position.read();
    const now = await readTopics(this.database, [topic]);
    if (this.#readers >= this.options.readersMax || this.#stopping.signal.aborted) throw tooMany(this.options.readersMax);
    return (response) => {
      // One that went away while its topic was read has no end to come that would remove it.
      if (!response.destroyed) this.#add(topic, response).tell(messageOf(topic, { position, now }));
    };
  }

  /** Ends all streams. */
  onModuleDestroy(): void {
    this.#stopping.abort();
    for (const reader of this.#all()) reader.end();
  }

  #add(topic: LiveTopic, response: ServerResponse): LiveReader {
    const followed = this.#followed.get(keyOf(topic)) ?? { topic, readers: new Set() };
    const reader: LiveReader = new LiveReader(response, { slowMs: SLOW_READER_MS, onGone: () => this.#remove(followed, reader) });
    this.#followed.set(keyOf(topic), followed);
    followed.readers.add(reader);
    this.#readers += 1;
    this.#readAt = undefined;
    if (!this.#polling) void this.#poll();
    return reader;
  }

  #remove({ topic, readers }: Followed, reader: LiveReader): void {
    if (!readers.delete(reader)) return;
    this.#readers -= 1;
    if (readers.size === 0) this.#followed.delete(keyOf(topic));
  }

  /** Goes on while anybody follows. */
  async #poll(): Promise<void> {
    this.#polling = true;
    const beating = setInterval(() => { for (const reader of this.#all()) reader.beat(); }, BEAT_MS);
    while (this.#readers > 0 && !this.#stopping.signal.aborted) {
      const startedMs = performance.now();
      await this.#round().then(() => this.#answers(), (error: unknown) => this.#isSilent(error));
      const restMs = Math.max(POLL_MS, REST_PER_WORK * (performance.now() - startedMs));
      await pause(restMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
    clearInterval(beating);
    this.#polling = false;
  }

  async #round(): Promise<void> {
    const { position } = await this.position.read();
    const ms = performance.now();
    if (this.#readAt?.position === position && ms - this.#readAt.ms < REFRESH_ANYHOW_MS) return;
    this.#readAt = { position, ms };
    const followed = [...this.#followed.values()];
    const now = await readTopics(this.database, followed.map(({ topic }) => topic)).catch((error: unknown) => {
      this.#readAt = undefined;
      throw error;
    });
    for (const { topic, readers } of followed) {
      const message = messageOf(topic, { position, now });
      for (const reader of readers) reader.tell(message);
    }
  }

  #answers(): void {
    if (this.#isAway) this.#logger.log('The read models answer again.');
    this.#isAway = false;
  }

  #isSilent(error: unknown): void {
    if (!this.#isAway) this.#logger.warn(`The read models do not answer, live updates wait for them: ${error instanceof Error ? error.message : String(error)}`);
    this.#isAway = true;
  }

  *#all(): Generator<LiveReader> {
    for (const { readers } of this.#followed.values()) yield* readers;
  }
}

/** The id is a position at or before the state, so that it may serve as `minPosition` too. */
function messageOf(topic: LiveTopic, { position, now }: { position: bigint; now: ReadonlyMap<string, Answer | null> }): LiveMessage {
  const answer = now.get(keyOf(topic)) ?? null;
  return { event: answer === null ? 'none' : topic.kind, id: String(position), data: JSON.stringify(answer ?? { id: topic.id }) };
}

const tooMany = (readersMax: number) =>
  new ProblemError({ status: 503, code: 'too_many_live', title: 'Too many follow', detail: `This process serves ${readersMax} live connections (LIVE_READERS_MAX) already, or is about to stop. Connect again, to another process if there is one.`, retryAfterS: 2 });
