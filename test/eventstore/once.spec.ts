import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { FORWARDS, START } from '@eventstore/db-client';
import fc from 'fast-check';
import { eventPart } from '../../src/events/event-id.js';
import { Appender, noIndex, type AppenderLimits, type AppendOutcome } from '../../src/eventstore/appender.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { BatchedEventIdIndex } from '../../src/read-models/event-id-index.js';
import { endOf, TestIndex } from '../support/event-index.js';
import { APPENDER_LIMITS } from '../support/appender-limits.js';
import { newEvent } from '../support/new-event.js';
import { testEventStore, type TestServer } from '../support/servers.js';
import { randomId } from '../support/subscription-events.js';

/** The cache holds few ids, so that heads are evicted and loaded again. */
const LIMITS: AppenderLimits = { ...APPENDER_LIMITS, cachedIdsMax: 30 };
const STREAMS = 2;
/** Events per stream, and their ids in all API versions. */
const EVENTS = 4;
const IDS = 12;
/** Each event is delivered in these versions in turn. */
const VERSIONS = [null, '2020-08-27', '2025-03-31.basil'];

/** One step of a run. Numbers are indexes of streams, ids or processes. */
type Happening =
  | Readonly<{ kind: 'deliver'; process: number; stream: number; ids: readonly number[] }>
  /** Restarts the process with an empty cache. */
  | Readonly<{ kind: 'restart'; process: number }>
  /**
   * The index catches up, is reset to an earlier state, dropped, created again, or for a while belongs to another log.
   */
  | Readonly<{
      kind: 'index';
      becomes: 'current' | 'remembered' | 'as_remembered' | 'dropped' | 'made' | 'of_another_log';
    }>
  | Readonly<{
      kind: 'operator';
      stream: number;
      act: 'delete' | 'tombstone' | 'maxCount' | 'truncateBefore' | 'maxAge';
    }>;

const process = fc.nat(1);
const stream = fc.nat(STREAMS - 1);
const deliver = fc.record({
  kind: fc.constant('deliver' as const),
  process,
  stream,
  ids: fc.array(fc.nat(IDS - 1), { minLength: 1, maxLength: 6 }),
});
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 10, arbitrary: deliver },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('restart' as const), process }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('index' as const),
      becomes: fc.constantFrom(
        'current',
        'current',
        'current',
        'remembered',
        'as_remembered',
        'as_remembered',
        'dropped',
        'made',
        'of_another_log',
      ),
    }),
  },
);
const operator: fc.Arbitrary<Happening> = fc.record({
  kind: fc.constant('operator' as const),
  stream,
  act: fc.constantFrom('delete', 'tombstone', 'maxCount', 'truncateBefore', 'maxAge'),
});

let server: TestServer;
let store: EventStore;
let index: TestIndex;
let goBackToStart: () => Promise<void>;
beforeAll(async () => {
  server = await testEventStore();
  store = connectEventStore(server.url);
  index = await TestIndex.start(store);
  goBackToStart = await index.remember();
}, 60_000);
afterAll(async () => {
  await index.stop();
  await store.close();
  await server.stop();
});

/** One run of two processes, the second without an index, on separate streams. */
class Run {
  readonly streams = Array.from({ length: STREAMS }, () => randomId('sub'));
  readonly #appenders = [0, 1].map((at) => this.#start(at));
  #goBack = goBackToStart;
  #isMade = true;
  readonly outcomes: { stream: string; eventId: string; outcome: AppendOutcome }[] = [];

  #start(process: number): Appender {
    return new Appender(store, process === 1 ? noIndex : new BatchedEventIdIndex(index.database), LIMITS);
  }

  async happen(happening: Happening): Promise<void> {
    switch (happening.kind) {
      case 'deliver': {
        const stream = this.streams[happening.stream] as string;
        const events = happening.ids.map((id) => {
          const [stripeEventId, apiVersion] = [`${stream}_${id % EVENTS}`, VERSIONS[Math.floor(id / EVENTS)] ?? null];
          return newEvent(stream, stripeEventId, { apiVersion, content: `${stripeEventId} in ${apiVersion}` });
        });
        const outcomes = await Promise.all(
          events.map((event) => this.#appenders[happening.process]?.append(event) as Promise<AppendOutcome>),
        );
        for (const [at, { eventId }] of events.entries())
          this.outcomes.push({ stream, eventId, outcome: outcomes[at] as AppendOutcome });
        return;
      }
      case 'restart':
        this.#appenders[happening.process] = this.#start(happening.process);
        return;
      case 'index':
        return this.#index(happening.becomes);
      case 'operator':
        return this.#operate(this.streams[happening.stream] as string, happening.act);
    }
  }

  async #index(becomes: Extract<Happening, { kind: 'index' }>['becomes']): Promise<void> {
    if (becomes === 'made') {
      await index.make();
      this.#isMade = true;
    }
    if (!this.#isMade) return;
    if (becomes === 'dropped') {
      await index.drop();
      this.#isMade = false;
    } else if (becomes === 'current') await index.indexAll();
    else if (becomes === 'remembered') this.#goBack = await index.remember();
    else if (becomes === 'as_remembered') await this.#goBack();
    else if (becomes === 'of_another_log') await index.rename();
  }

  async #operate(stream: string, act: Extract<Happening, { kind: 'operator' }>['act']): Promise<void> {
    const done =
      act === 'delete'
        ? store.appends.deleteStream(stream)
        : act === 'tombstone'
          ? store.appends.tombstoneStream(stream)
          : store.appends.setStreamMetadata(
              stream,
              act === 'maxCount' ? { maxCount: 2 } : act === 'maxAge' ? { maxAge: 1 } : { truncateBefore: 3 },
            );
    // A stream that does not exist (any more) cannot be deleted.
    await done.catch(() => undefined);
  }
}

async function play(
  happenings: readonly Happening[],
): Promise<{ streams: readonly string[]; outcomes: Run['outcomes']; times: ReadonlyMap<string, number> }> {
  await index.make();
  const start = await endOf(store);
  const run = new Run();
  for (const happening of happenings) await run.happen(happening);
  const times = new Map<string, number>();
  const fromPosition = start === null ? START : { commit: start, prepare: start };
  for await (const { event } of store.reads.readAll({ direction: FORWARDS, fromPosition })) {
    const key = `${event?.streamId} ${event?.id}`;
    if (run.streams.includes(event?.streamId ?? '')) times.set(key, (times.get(key) ?? 0) + 1);
  }
  return { streams: run.streams, outcomes: run.outcomes, times };
}

/** Streams on which an operator acted in a given way. */
function streamsWhere(
  streams: readonly string[],
  happenings: readonly Happening[],
  holds: (act: Extract<Happening, { kind: 'operator' }>) => boolean,
): Set<string | undefined> {
  return new Set(
    happenings.flatMap((happening) =>
      happening.kind === 'operator' && holds(happening) ? [streams[happening.stream]] : [],
    ),
  );
}

const RUNS = Number(globalThis.process.env['LAW_RUNS'] ?? 40);
const seed = Number(globalThis.process.env['LAW_SEED'] ?? Date.now());

it('however often and to whom events are delivered, and whatever becomes of the index: each is acknowledged, and in its stream exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 10, maxLength: 60, size: 'max' }), async (happenings) => {
      const { outcomes, times } = await play(happenings);
      expect(outcomes.filter(({ outcome }) => outcome.kind !== 'appended' && outcome.kind !== 'duplicate')).toEqual([]);
      expect(outcomes.filter(({ stream, eventId }) => times.get(`${stream} ${eventId}`) !== 1)).toEqual([]);
    }),
    { numRuns: RUNS, seed },
  );
}, 600_000);

it('and whatever an operator does to the streams: each is acknowledged, and in the log, unless its stream is tombstoned', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 5, arbitrary: happening }, { weight: 1, arbitrary: operator }), {
        minLength: 10,
        maxLength: 60,
        size: 'max',
      }),
      async (happenings) => {
        const { streams, outcomes, times } = await play(happenings);
        const tombstoned = streamsWhere(streams, happenings, ({ act }) => act === 'tombstone');
        const touched = streamsWhere(streams, happenings, () => true);
        for (const { stream, eventId, outcome } of outcomes) {
          expect(['appended', 'duplicate', ...(tombstoned.has(stream) ? ['stream_deleted'] : [])]).toContain(
            outcome.kind,
          );
          const found = times.get(`${stream} ${eventId}`) ?? 0;
          // An event hidden by an operator does not reappear in another API version.
          const inSomeVersion = [...times.keys()].some((key) => key.startsWith(`${stream} ${eventPart(eventId)}`));
          if (outcome.kind === 'appended') expect(found).toBeGreaterThanOrEqual(1);
          if (outcome.kind === 'duplicate') expect(inSomeVersion).toBe(true);
          if (!touched.has(stream)) expect(found).toBe(1);
        }
      },
    ),
    { numRuns: RUNS, seed },
  );
}, 600_000);
