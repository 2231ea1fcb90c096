import { setTimeout as pause } from 'node:timers/promises';
import type { AnyProjection } from '../../projections/projection.js';
import type { Appender, AppendOutcome } from '../eventstore/appender.js';
import type { NewEvent } from '../eventstore/append.js';
import type { EventStore } from '../eventstore/event-store.js';
import { readStream } from '../eventstore/read.js';
import type { RecordedEvent } from '../eventstore/recorded-event.js';
import { groupBy } from '../folding/group-by.js';
import type { Database } from '../read-models/database.js';
import { findStreams } from '../read-models/event-index.js';
import { judge, type Judgement, type Verdict } from './judge.js';
import { KnownStreams, keyOfObject, knownBy, type KnownStream } from './known-streams.js';
import { observationOf, streamOfLook, type Look, type Purpose } from './look.js';

export type RecorderParts = Readonly<{
  store: EventStore;
  database: Database;
  appender: Appender;
  projections: readonly AnyProjection[];
}>;

/**
 * The verdict on a look, and the appended event. `no_stream`: the object's type or id belongs to no stream. `busy`: the
 * stream grew during every attempt.
 */
export type Recorded = Readonly<{
  look: Look;
  stream: string | null;
  verdict: Verdict | Readonly<{ kind: 'no_stream' }> | Readonly<{ kind: 'busy' }>;
  /** The API version of the object's last event; null when there is none, or it was not read. */
  anchorVersion: string | null;
  appended: Readonly<{ revision: bigint; position: bigint }> | null;
}>;

/** The verdicts that are appended. */
export type Worth = ReadonlySet<Verdict['kind']>;
/** Everything that is new to a read model, now or later. */
export const NEWS: Worth = new Set(['unknown', 'drift', 'gone', 'immaterial']);
/** Differences between the rows and Stripe. */
export const REPAIRS: Worth = new Set(['unknown', 'drift', 'gone']);
/** Differences for objects that never go away, such as balance transactions: only their availability changes. */
export const LISTED: Worth = new Set(['unknown', 'drift']);
export const NOTHING: Worth = new Set();

/** The store does not accept the append, so the look is not recorded. */
export class NotRecorded extends Error {
  readonly code = 'NOT_RECORDED';
}

const MOVED_MAX = 10;
const STREAMS_AT_ONCE = 64;

/** Judges looks against the log, and appends what is new at exactly the revision that was judged. */
export class Recorder {
  readonly #known = new KnownStreams();
  /** By stream: the last task in its queue. A later task waits, and sees what the earlier ones appended. */
  readonly #inTurn = new Map<string, Promise<unknown>>();

  constructor(private readonly parts: RecorderParts) {}

  /**
   * Records the looks of one page, one after another within a stream. `streamOf`: where looks belong, when their
   * objects do not say.
   */
  async recordAll(
    looks: readonly Look[],
    { worth, purpose, streamOf = streamOfLook }: Options,
  ): Promise<readonly Recorded[]> {
    const recorded: Recorded[] = [];
    const placed = looks.flatMap((look) => {
      const stream = streamOf(look);
      if (stream !== null) return [{ look, stream }];
      recorded.push({ look, stream, verdict: { kind: 'no_stream' }, anchorVersion: null, appended: null });
      return [];
    });
    const byStream = groupBy(placed, ({ stream }) => stream);
    const known = await findStreams(this.parts.database, [...byStream.keys()]);
    const left = [...byStream];
    const work = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const [stream, own] = next;
        const looksOfOne = own.map(({ look }) => look);
        const isKnown = known.has(stream);
        recorded.push(
          ...(await this.#afterOthers(stream, () => this.#recordIn(stream, looksOfOne, { worth, purpose, isKnown }))),
        );
      }
    };
    await Promise.all(Array.from({ length: STREAMS_AT_ONCE }, work));
    return recorded;
  }

  async #afterOthers<T>(stream: string, work: () => Promise<T>): Promise<T> {
    const before = this.#inTurn.get(stream);
    const own = before === undefined ? work() : before.then(work, work);
    this.#inTurn.set(stream, own);
    try {
      return await own;
    } finally {
      if (this.#inTurn.get(stream) === own) this.#inTurn.delete(stream);
    }
  }

  async #recordIn(
    stream: string,
    looks: readonly Look[],
    { worth, purpose, isKnown }: Options & { isKnown: boolean },
  ): Promise<Recorded[]> {
    // The index may be behind, so an append to a stream that it does not know must fail if the stream exists. Without
    // an append nothing reveals that, so the stream is read.
    let known: KnownStream | undefined;
    if (worth.has('unknown'))
      known = this.#known.get(stream) ?? (isKnown ? undefined : { revision: -1n, objects: new Set() });
    const recorded: Recorded[] = [];
    for (const look of looks) {
      for (let tries = 1; ; tries += 1) {
        let events: readonly RecordedEvent[] = [];
        if (known === undefined || known.objects.has(keyOfObject(look))) {
          events = await this.#read(stream);
          known = knownBy(events);
        }
        const { verdict, anchor, anchorVersion }: Judgement = judge(look, events, this.parts.projections);
        if (!worth.has(verdict.kind)) {
          recorded.push({ look, stream, verdict, anchorVersion, appended: null });
          break;
        }
        const ground = { stream, anchor, at: known.revision };
        const event = observationOf(look, ground, purpose, new Date());
        const outcome = await appendWhenItCan(this.parts.appender, event, event.type);
        if (outcome.kind === 'appended') {
          const { revision, position } = outcome;
          recorded.push({ look, stream, verdict, anchorVersion, appended: { revision, position } });
          known.revision = revision;
          known.objects.add(keyOfObject(look));
          break;
        }
        known = undefined;
        // Another process appended the same look after the same event.
        if (outcome.kind === 'duplicate' || tries === MOVED_MAX) {
          const kind = outcome.kind === 'duplicate' ? 'same' : 'busy';
          recorded.push({ look, stream, verdict: { kind }, anchorVersion, appended: null });
          break;
        }
      }
    }
    if (known === undefined) this.#known.forget(stream);
    else if (worth.has('unknown')) this.#known.put(stream, known);
    return recorded;
  }

  async #read(stream: string): Promise<readonly RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const event of readStream(this.parts.store, stream)) events.push(event);
    return events;
  }
}

type Options = Readonly<{ worth: Worth; purpose: Purpose; streamOf?: (look: Look) => string | null }>;

const OVERLOADED_MAX = 120;
const OVERLOADED_MS = 500;

/**
 * Appends, and retries while the store is overloaded: callers that read from Stripe have time. @throws NotRecorded for
 * an outcome that says nothing about the event
 */
export async function appendWhenItCan(appender: Appender, event: NewEvent, what: string) {
  for (let tries = 1; ; tries += 1) {
    const outcome = await appender.append(event);
    if (outcome.kind !== 'overloaded' || tries === OVERLOADED_MAX) return settled(outcome, what);
    await pause(OVERLOADED_MS);
  }
}

function settled(outcome: AppendOutcome, what: string) {
  switch (outcome.kind) {
    case 'appended':
    case 'duplicate':
    case 'moved':
    case 'conflict':
    case 'stream_deleted':
      return outcome;
    case 'unavailable':
      throw new NotRecorded(`The event store did not accept ${what}: ${String(outcome.cause)}`, {
        cause: outcome.cause,
      });
    case 'overloaded':
      throw new NotRecorded(`The event store is too slow to accept ${what}.`);
    case 'too_large':
      throw new NotRecorded(`${what} exceeds the size limit of an append. Raise APPEND_BYTES_MAX.`);
  }
}
