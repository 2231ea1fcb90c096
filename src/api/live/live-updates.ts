import { Logger, type OnModuleDestroy } from '@nestjs/common';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { ProblemError } from '../../http/problem.js';
import type { Database, Snapshots } from '../../read-models/database.js';
import type { Answer } from '../answer.js';
import type { Asker } from '../../http/asker.js';
import { cutSlowest, LiveReader, liveMessage, type LiveMessage } from './live-reader.js';
import { keyOf, readTopics, type LiveTopic } from './live-topics.js';
import { Places } from '../places.js';
import type { ReadPosition } from '../read-position.js';
import type { Reads } from '../reads.js';
import { clientLeft } from '../refusals.js';

type Followed = { readonly topic: LiveTopic; readonly readers: Set<LiveReader> };

/** How often the position is polled while there are readers. After a slow round it rests several times as long. */
const POLL_MS = 100;
const REST_PER_WORK = 4;
/** Rows also change without the position: when a parked stream is replayed, or a rebuilt generation goes live. */
const REFRESH_ANYHOW_MS = 5_000;
const BEAT_MS = 10_000;
const SLOW_READER_MS = 30_000;
/** Limits the rows and messages in memory at once. */
const TOPICS_PER_READ = 100;
const NEVER = new AbortController().signal;

/**
 * `reads` reads the first state of a topic, within its token's share; `database` all later ones, one read at a time.
 */
type LiveParts = Readonly<{
  reads: Reads;
  database: Database;
  position: ReadPosition;
  readersMax: number;
  readersPerTokenMax: number;
  bytesMax: number;
  /** As `REFERENCE_KEY`. */
  referenceKey: string | null;
  registry: Registry;
}>;

/**
 * Live updates, level-triggered: a new connection gets the current state, then later states; states in between may
 * merge. They work whichever process projects, and behind a transaction pooler (which has no LISTEN): all readers of
 * this process share one poll of the position and, when it has moved, one read of their topics.
 */
export class LiveUpdates implements OnModuleDestroy {
  readonly #logger = new Logger('live');
  readonly #followed = new Map<string, Followed>();
  /** First reads in progress, by token and topic. */
  readonly #reading = new Map<string, Promise<LiveMessage>>();
  readonly #stopping = new AbortController();
  readonly #places: Places;
  /** Position and time of the last read; undefined when a new reader may have an older state. */
  #readAt: { position: bigint; ms: number } | undefined;
  #polling = false;
  #isAway = false;
  readonly #cut: Counter;

  constructor(private readonly parts: LiveParts) {
    const { readersMax, registry } = parts;
    this.#places = new Places({
      max: readersMax,
      perTokenMax: parts.readersPerTokenMax,
      what: 'live connections are open',
      full: () => tooMany(readersMax),
    });
    const readers = (): number => this.#places.taken;
    new Gauge({
      name: 'ledger_live_readers',
      help: 'Connections that follow live updates.',
      registers: [registry],
      collect() {
        this.set(readers());
      },
    });
    this.#cut = new Counter({
      name: 'ledger_live_readers_cut_total',
      help: 'Connections of live updates closed because the client read too slowly.',
      registers: [registry],
    });
  }

  /**
   * Reads a topic, while an error can still be answered, and returns a function that starts the stream on a response.
   * @throws ProblemError 503 when there are too many readers, 429 when there are too many of one token.
   */
  async follow(topic: LiveTopic, asker: Asker): Promise<(response: ServerResponse) => void> {
    const giveBack = this.#places.take(asker.token);
    try {
      const message = await orLeft(this.#first(topic, asker), asker.signal);
      if (this.#stopping.signal.aborted) throw tooMany(this.parts.readersMax);
      return (response) => {
        // The connection closed while its topic was read, so no close event will release its place.
        if (response.destroyed || asker.signal.aborted) return giveBack();
        this.#add(topic, response, { giveBack, signal: asker.signal }).tell(message);
        this.#cut.inc(cutSlowest(this.#all(), this.parts.bytesMax));
      };
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  /** Ends all streams. */
  onModuleDestroy(): void {
    this.#stopping.abort();
    for (const reader of this.#all()) reader.end();
  }

  /** A thousand readers that connect at once, for example after a restart, share one read. */
  #first(topic: LiveTopic, { token, name }: Asker): Promise<LiveMessage> {
    const key = `${token} ${keyOf(topic)}`;
    const reading =
      this.#reading.get(key) ??
      this.#read(this.parts.reads.by({ token, name, signal: NEVER }), [topic])
        .then(([message]) => message as LiveMessage)
        .finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }

  /** Returns the message for the readers of each topic, in the order of the topics. */
  async #read(from: Snapshots, topics: readonly LiveTopic[]): Promise<LiveMessage[]> {
    const { now, position } = await from.snapshot(async (connection) => ({
      now: await readTopics(connection, topics, this.parts.referenceKey),
      position: (await this.parts.position.read(connection)).position,
    }));
    return topics.map((topic) => messageOf(topic, { position, now }));
  }

  #add(
    topic: LiveTopic,
    response: ServerResponse,
    { giveBack, signal }: { giveBack: () => void; signal: AbortSignal },
  ): LiveReader {
    const followed = this.#followed.get(keyOf(topic)) ?? { topic, readers: new Set() };
    const onGone = (): void => {
      giveBack();
      if (followed.readers.delete(reader) && followed.readers.size === 0) this.#followed.delete(keyOf(topic));
    };
    const reader: LiveReader = new LiveReader(response, { slowMs: SLOW_READER_MS, onGone });
    signal.addEventListener('abort', onGone, { once: true });
    this.#followed.set(keyOf(topic), followed);
    followed.readers.add(reader);
    this.#readAt = undefined;
    if (!this.#polling) void this.#poll();
    return reader;
  }

  /** Polls while there are readers. */
  async #poll(): Promise<void> {
    this.#polling = true;
    const beating = setInterval(() => {
      for (const reader of this.#all()) reader.beat();
    }, BEAT_MS);
    while (this.#followed.size > 0 && !this.#stopping.signal.aborted) {
      const startedMs = performance.now();
      await this.#round().then(
        () => this.#answers(),
        (error: unknown) => this.#isSilent(error),
      );
      const restMs = Math.max(POLL_MS, REST_PER_WORK * (performance.now() - startedMs));
      await pause(restMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
    clearInterval(beating);
    this.#polling = false;
  }

  async #round(): Promise<void> {
    const { position } = await this.parts.position.read();
    const ms = performance.now();
    if (this.#readAt?.position === position && ms - this.#readAt.ms < REFRESH_ANYHOW_MS) return;
    this.#readAt = { position, ms };
    const followed = [...this.#followed.values()];
    for (let from = 0; from < followed.length; from += TOPICS_PER_READ)
      await this.#tell(followed.slice(from, from + TOPICS_PER_READ));
  }

  async #tell(followed: readonly Followed[]): Promise<void> {
    const messages = await this.#read(
      this.parts.database,
      followed.map(({ topic }) => topic),
    ).catch((error: unknown) => {
      this.#readAt = undefined;
      throw error;
    });
    followed.forEach(({ readers }, at) => {
      for (const reader of readers) reader.tell(messages[at] as LiveMessage);
    });
    this.#cut.inc(cutSlowest(this.#all(), this.parts.bytesMax));
  }

  #answers(): void {
    if (this.#isAway) this.#logger.log('The read models answer again.');
    this.#isAway = false;
  }

  #isSilent(error: unknown): void {
    if (!this.#isAway)
      this.#logger.warn(
        `The read models do not answer; live updates wait for them: ${error instanceof Error ? error.message : String(error)}`,
      );
    this.#isAway = true;
  }

  *#all(): Generator<LiveReader> {
    for (const { readers } of this.#followed.values()) yield* readers;
  }
}

/** Returns the promise; rejects as soon as the client has disconnected. */
const orLeft = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(clientLeft()), { once: true });
    promise.then(resolve, reject);
  });

/** The id is a position at or before the state, so it can also serve as `minPosition`. */
function messageOf(
  topic: LiveTopic,
  { position, now }: { position: bigint; now: ReadonlyMap<string, Answer | null> },
): LiveMessage {
  const answer = now.get(keyOf(topic)) ?? null;
  return liveMessage({
    event: answer === null ? 'none' : topic.kind,
    id: String(position),
    data: JSON.stringify(answer ?? { id: topic.id }),
  });
}

const tooMany = (readersMax: number) =>
  new ProblemError(
    'too_many_live',
    `This process has ${readersMax} live connections, its limit (LIVE_READERS_MAX), or is shutting down. Reconnect, to another process if there is one.`,
  );
