import { setTimeout as pause } from 'node:timers/promises';
import { eventPart } from '../events/event-id.js';
import { afterRefusal, judge, saysTheSame, type IndexAnswer, type Place } from './append-decision.js';
import { write, type NewEvent, type WriteOutcome } from './append.js';
import type { AppendOutcome, EventIdIndex } from './appender.js';
import type { EventStore } from './event-store.js';
import type { Waiting } from './lanes.js';
import type { LogNow } from './log-now.js';
import type { Record } from './raw-event.js';
import { needsEnd, newHead, type KnownEvent, type StreamHead } from './stream-heads.js';
import {
  isEndHidden,
  readHead,
  readHeadAbove,
  readOn,
  recall,
  speaksOfLog,
  type HeadReading,
} from './stream-reading.js';

/** `elsewhere`: another stream has the event in another API version, so this rendering belongs there too. */
export type Settled = AppendOutcome | { readonly kind: 'elsewhere'; readonly stream: string };

export type AppendTools = Readonly<{
  store: EventStore;
  index: EventIdIndex;
  log: LogNow;
  timeoutMs: number;
  /** The most ids that one head may hold. */
  idsMax: number;
  /** Called with the outcome of each append. */
  onWrite: (outcome: WriteOutcome) => void;
}>;

const RACES_MAX = 10;
/** Reads of a stream that contradicts the known state; from the second on, the index is ignored. */
const TRIES_MAX = 3;
/** EventStoreDB shows what was appended to a soft-deleted stream only after about 50 ms. */
const SHOWN_AFTER_MS = 100;
const UNAVAILABLE: IndexAnswer = { kind: 'unavailable' };

/**
 * Appends events of one stream together: read, check, append at exactly the head's revision, and retry after a lost
 * race (ARCHITECTURE.md, Log). Settles each event.
 */
export class SharedAppend {
  readonly #reading: HeadReading;
  readonly #answers = new Map<string, IndexAnswer>();
  #open: readonly Waiting<Settled>[];
  /** Events not settled yet that are in the log in another API version. */
  readonly #renderings = new Set<NewEvent>();
  #together = true;
  /**
   * The end of the log after all these events had arrived: every event up to there is older. Set only for a head that
   * comes from the index.
   */
  #logEnd = -1n;

  constructor(
    private readonly tools: AppendTools,
    private readonly stream: string,
    share: readonly Waiting<Settled>[],
  ) {
    this.#open = share;
    this.#reading = { wanted: new Set(share.map(({ event }) => eventPart(event.eventId))), idsMax: tools.idsMax };
  }

  /** Returns the resulting head. If it throws, the remaining events are not settled. */
  async run(cached: StreamHead | undefined): Promise<StreamHead> {
    if (cached !== undefined) {
      this.#settleRemembered(cached);
      if (this.#open.length === 0) return cached;
    }
    const logEnd = cached === undefined ? this.tools.log.end() : null;
    await this.#askIndex(needsEnd(cached) ? this.stream : null);
    let head = cached ?? (await this.#coldHead(await logEnd));
    for (let races = 0; races < RACES_MAX;) {
      head = await this.#settleKnown(head);
      if (head.isTombstoned) this.#settleAll({ kind: 'stream_deleted', stream: this.stream });
      head = await this.#settleMoved(head);
      const fresh = this.#next();
      if (fresh.length === 0) return head;
      const outcome = await write(this.tools.store, fresh, {
        revision: head.revision,
        timeoutMs: this.tools.timeoutMs,
      });
      this.tools.onWrite(outcome);
      if (outcome.kind === 'wrong_expected_revision') {
        head = await this.#afterRefusal(head, { actual: outcome.actual, races });
        races += 1;
      } else {
        await this.#settleWritten(head, { fresh, outcome });
      }
    }
    this.#settleAll({ kind: 'unavailable', cause: new Error(`${RACES_MAX} races lost on ${this.stream}.`) });
    return head;
  }

  /** Settles the remaining events as unavailable. */
  fail(cause: unknown): void {
    this.#settleAll({ kind: 'unavailable', cause });
  }

  async #askIndex(stream: string | null): Promise<void> {
    const ids = [...new Set(this.#open.map(({ event }) => event.eventId))];
    const answers = await Promise.all(ids.map((eventId) => this.tools.index.find(eventId, stream)));
    for (const [at, eventId] of ids.entries()) this.#answers.set(eventId, answers[at] ?? UNAVAILABLE);
  }

  /** An answer of the index, if any: all describe the same state of the stream, or a newer one. */
  get answer(): IndexAnswer {
    return [...this.#answers.values()].findLast(({ kind }) => kind === 'answered') ?? UNAVAILABLE;
  }

  /**
   * Takes the head from the index: an append at exactly its revision either succeeds correctly or is refused. A repeat
   * of an existing event would be answered as written, but is recognised by its position, at or below the end that the
   * log had.
   */
  async #coldHead(end: Record | null): Promise<StreamHead> {
    const { answer } = this;
    if (answer.kind === 'unavailable') return this.#wholeHead();
    if (end !== null && (await this.tools.log.isOf(answer, end))) {
      this.#logEnd = end.position;
      const { log, last } = answer;
      return last === null
        ? newHead(-1n, null)
        : newHead(last.revision, { log, revision: last.revision, position: last.position });
    }
    const logName = await this.tools.log.name();
    return (
      (await readHeadAbove(this.tools.store, this.stream, { ...this.#reading, answer, logName })) ?? this.#wholeHead()
    );
  }

  #wholeHead(): Promise<StreamHead> {
    return readHead(this.tools.store, this.stream, this.#reading);
  }

  /** Settles repeats of events that this process has appended itself, without the index or the log. */
  #settleRemembered(head: StreamHead): void {
    this.#open = this.#open.filter(({ event, settle }) => {
      const known = head.events.of(event.eventId);
      const own = known.find((one): one is KnownEvent => typeof one !== 'bigint' && isOneVersion(one, event));
      // The content of an event that was only read must be compared in the log.
      if (own === undefined || known.some((one) => typeof one === 'bigint')) return true;
      settle(outcomeOf(this.stream, own, event));
      return false;
    });
  }

  /** Settles events in the log. If the index fails a head that needs it, or the log contradicts, reads the stream. */
  async #settleKnown(given: StreamHead): Promise<StreamHead> {
    let head = given;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const settled = await Promise.all(this.#open.map((waiting) => this.#settleIfKnown(waiting, head)));
      this.#open = this.#open.filter((_, at) => settled[at] !== 'settled');
      const mustRead = settled.includes('unknown') && !head.isTombstoned;
      if (!mustRead && !settled.includes('contradicted')) return head;
      head = await this.#wholeHead();
    }
    throw new Error(`The log changed while ${this.stream} was read: events that were there are gone.`);
  }

  /** Settles an event with a required revision if the stream ends elsewhere. A head that is behind is read on first. */
  async #settleMoved(given: StreamHead): Promise<StreamHead> {
    const at = this.#open[0]?.event.at;
    if (at === undefined) return given;
    let head = given;
    if (head.revision < at) {
      await this.#readOn(head);
      head = await this.#settleKnown(head);
    }
    if (head.revision !== at) this.#settleAll({ kind: 'moved', stream: this.stream });
    return head;
  }

  #answerOf({ eventId }: NewEvent): IndexAnswer {
    return this.#answers.get(eventId) ?? UNAVAILABLE;
  }

  async #settleIfKnown(
    { event, settle }: Waiting<Settled>,
    head: StreamHead,
  ): Promise<'settled' | 'open' | 'unknown' | 'contradicted'> {
    const answer = this.#answerOf(event);
    const { inHead, inIndex, isComplete } = judge(event, head, answer);
    const streams: string[] = [];
    for (const one of [...inHead, ...inIndex]) {
      const found = await this.#lookedAt(event, one, answer);
      if (found.kind === 'not_here') {
        this.#answers.set(event.eventId, UNAVAILABLE);
        return 'contradicted';
      }
      if (found.kind === 'other_version') streams.push(found.stream);
      else {
        settle(found);
        return 'settled';
      }
    }
    if (!isComplete) return 'unknown';
    const [elsewhere] = streams;
    if (elsewhere === undefined) return 'open';
    this.#renderings.add(event);
    if (streams.includes(event.stream)) return 'open';
    settle({ kind: 'elsewhere', stream: elsewhere });
    return 'settled';
  }

  /** Compares an event with one of the same Stripe id: a duplicate, a conflict, or another rendering. */
  async #lookedAt(
    event: NewEvent,
    one: KnownEvent | bigint | Place,
    answer: IndexAnswer,
  ): Promise<AppendOutcome | { kind: 'other_version'; stream: string } | { kind: 'not_here' }> {
    const compared = (stream: string, known: KnownEvent) =>
      isOneVersion(known, event) ? outcomeOf(stream, known, event) : { kind: 'other_version' as const, stream };
    if (typeof one !== 'bigint' && !('stream' in one)) return compared(event.stream, one);
    const at = typeof one === 'bigint' ? { stream: event.stream, revision: one, position: null } : one;
    const recalled = await recall(this.tools.store, event.eventId, at);
    if (recalled.kind === 'there') return compared(at.stream, recalled.event);
    const isHidden =
      recalled.kind === 'hidden' &&
      (typeof one === 'bigint' || (isVouchedFor(at.position, answer) && (await speaksOfLog(this.tools.store, answer))));
    return isHidden ? { ...at, kind: 'duplicate' } : { kind: 'not_here' };
  }

  /** The next events to append: the first of each id, in order; only one after they were too large together. */
  #next(): NewEvent[] {
    const byId = new Map<string, NewEvent>();
    for (const { event } of this.#open) if (!byId.has(event.eventId)) byId.set(event.eventId, event);
    return [...byId.values()].slice(0, this.#together ? undefined : 1);
  }

  async #afterRefusal(
    head: StreamHead,
    { actual, races }: { actual: bigint | null; races: number },
  ): Promise<StreamHead> {
    const before = head.revision;
    await pause(Math.random() * 5 * races);
    await this.#readOn(head);
    const refusal = afterRefusal({ head: before, seen: head.revision, actual });
    if (refusal === 'another_past') return this.#wholeHead();
    if (refusal === 'raced' || actual === null) return head;
    await pause(SHOWN_AFTER_MS);
    await this.#readOn(head);
    if (head.revision === before && (await isEndHidden(this.tools.store, this.stream, actual))) head.revision = actual;
    return head;
  }

  async #readOn(head: StreamHead): Promise<void> {
    await readOn(this.tools.store, this.stream, { head, ...this.#reading });
  }

  /**
   * After an append: updates the head and settles the events. A second delivery of a written event stays open and is
   * then found in the head.
   */
  async #settleWritten(
    head: StreamHead,
    {
      fresh,
      outcome,
    }: { fresh: readonly NewEvent[]; outcome: Exclude<WriteOutcome, { kind: 'wrong_expected_revision' }> },
  ): Promise<void> {
    switch (outcome.kind) {
      case 'stream_deleted':
        head.isTombstoned = true;
        return;
      case 'too_large':
        // Events too large together may fit individually.
        if (fresh.length === 1) this.#settleWhere(({ eventId }) => eventId === fresh[0]?.eventId, outcome);
        this.#together = false;
        return;
      case 'unavailable':
        this.#settleAll(outcome);
        return;
      case 'written':
        await this.#take(head, { fresh, last: outcome.revision, position: outcome.position });
    }
  }

  async #take(
    head: StreamHead,
    { fresh, last, position }: { fresh: readonly NewEvent[]; last: bigint; position: bigint | null },
  ): Promise<void> {
    head.revision = last;
    // EventStoreDB gives no position for a repeat of an event that the stream hides.
    const isRepeat = position === null || (!head.isSeen && position <= this.#logEnd);
    if (!isRepeat) head.isSeen = true;
    const outcomes = new Map<NewEvent, AppendOutcome>();
    for (const [at, event] of fresh.entries()) {
      const revision = last - BigInt(fresh.length - 1 - at);
      const { eventId, contentHash, apiVersion, account, source } = event;
      const appended: KnownEvent = { eventId, revision, position, contentHash, apiVersion, account, source };
      const isRendering = this.#renderings.has(event) || head.events.of(event.eventId).length > 0;
      const known = isRepeat ? await this.#recalled(event, appended) : appended;
      head.events.add(event.eventId, known);
      outcomes.set(
        event,
        isRepeat || position === null
          ? outcomeOf(this.stream, known, event)
          : { kind: 'appended', stream: this.stream, revision, position, isRendering },
      );
    }
    for (const { event, settle } of this.#open) {
      const outcome = outcomes.get(event);
      if (outcome !== undefined) settle(outcome);
    }
    this.#open = this.#open.filter(({ event }) => !outcomes.has(event));
  }

  /** An existing event as recorded; if the stream hides it, nothing else is known of it. */
  async #recalled(event: NewEvent, appended: KnownEvent): Promise<KnownEvent> {
    const { revision } = appended;
    const recalled = await recall(this.tools.store, event.eventId, { stream: this.stream, revision });
    return recalled.kind === 'there' ? recalled.event : appended;
  }

  #settleWhere(concerns: (event: NewEvent) => boolean, outcome: AppendOutcome): void {
    for (const { event, settle } of this.#open) if (concerns(event)) settle(outcome);
    this.#open = this.#open.filter(({ event }) => !concerns(event));
  }

  #settleAll(outcome: AppendOutcome): void {
    this.#settleWhere(() => true, outcome);
  }
}

/**
 * Whether two events of one Stripe id are compared. Events listed by the Events API are rendered in the account's
 * version, whichever that is.
 */
const isOneVersion = (known: KnownEvent, event: NewEvent): boolean =>
  known.eventId === event.eventId || known.apiVersion === event.apiVersion || event.source === 'events_api';

function outcomeOf(stream: string, known: KnownEvent, event: NewEvent): AppendOutcome {
  const { revision, position } = known;
  return saysTheSame(known, event)
    ? { kind: 'duplicate', stream, revision, position }
    : { kind: 'conflict', stream, revision };
}

/** Whether the index covers the log up to a position. */
const isVouchedFor = (position: bigint | null, answer: IndexAnswer): boolean =>
  answer.kind === 'answered' && (position === null || position <= answer.position);
