import { hash, randomUUID } from 'node:crypto';
import type { EventStore } from '../eventstore/event-store.js';
import { appendOwn, keepLast, lastOf } from '../eventstore/own-streams.js';
import { isStoreAway } from '../eventstore/store-errors.js';
import { lastRecordOf } from '../eventstore/raw-event.js';
import type { AccessChange } from './change.js';
import { readChange, readChanges } from './change-log.js';
import type { Delivered } from './delivery.js';
import type { Endpoint } from './outbox-config.js';
import type { EndpointState } from './states.js';

/** A customer whose latest change is not delivered yet; times in milliseconds since 1970. */
type Open = Readonly<{ customer: string; revision: number; attempts: number; nextMs: number; sinceMs: number }>;
/**
 * An endpoint's place: all changes up to `position` are delivered, except those in `open`. `stopped`: the hash of the
 * address that answered 410; another address starts again.
 */
type Place = Readonly<{ position: string; open: readonly Open[]; stopped: string | null }>;

export type OutboxOptions = Readonly<{
  store: EventStore;
  endpoint: Endpoint;
  now: () => Date;
  send: (change: AccessChange) => Promise<Delivered>;
  failed: (cause: string) => void;
  gaveUp: () => void;
  warned: (text: string) => void;
}>;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** The pauses between attempts, as Standard Webhooks proposes. After the last one the change is given up. */
const PAUSES_MS = [5_000, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/** With more open customers the feed is not read further, so that a place stays small. */
const OPEN_MAX = 1_000;
const PAGE = 500;
const AT_ONCE = 8;
/** Earlier places are useless: the store keeps this many visible, and a scavenge frees the others. */
const PLACES_KEPT = 5;
/**
 * How often the place is saved during deliveries: less often the larger it is. Unsaved deliveries are repeated after a
 * crash.
 */
const saveEveryMs = ({ open }: Place): number => 1_000 + 5 * open.length;

/**
 * Delivers changes to an endpoint, in order per customer. A newer change replaces one that still waits, because the
 * receiver needs the current state. The place is stored in the log, as `outbox-<name>`.
 */
export class Outbox {
  readonly #stream: string;
  #at: Readonly<{ revision: bigint; place: Place }> | null = null;
  #savedMs = 0;
  #isSaved = true;

  constructor(private readonly options: OutboxOptions) {
    this.#stream = `outbox-${options.endpoint.name}`;
  }

  /** The state of the endpoint; null while unknown. */
  get state(): EndpointState | null {
    if (this.#at === null) return null;
    const { open, stopped } = this.#at.place;
    const oldestMs = open.reduce((least, { sinceMs }) => Math.min(least, sinceMs), Infinity);
    return {
      name: this.options.endpoint.name,
      waiting: open.length,
      oldestAt: open.length === 0 ? null : new Date(oldestMs),
      isStopped: stopped !== null,
    };
  }

  /** Saves the place and forgets it, since another process may move it. @throws Error when the store refuses it */
  async leave(): Promise<void> {
    const at = this.#at;
    if (at !== null && !this.#isSaved) await this.#save(at.place);
    this.#at = null;
  }

  /**
   * Runs a round: reads new changes and tries due deliveries. Returns whether anything was delivered. @throws
   * StoreUnavailable
   */
  async tick(): Promise<boolean> {
    this.#at ??= await this.#read();
    if (this.#at === null || this.#at.place.stopped !== null) return false;
    const taken = await this.#takeIn(this.#at.place);
    const nowMs = this.options.now().getTime();
    const due = taken.open.filter(({ nextMs }) => nextMs <= nowMs).slice(0, AT_ONCE);
    // Progress in the log without a change is not saved; after a restart that part is read again.
    this.#move(taken, { isWorthSaving: taken.open !== this.#at.place.open });
    const outcomes = await Promise.all(due.map((open) => this.#deliver(open)));
    const place = this.#after(taken, outcomes);
    this.#move(place, { isWorthSaving: due.length > 0 });
    const isUrgent = due.length < AT_ONCE || place.stopped !== null;
    if (!this.#isSaved && (isUrgent || nowMs - this.#savedMs >= saveEveryMs(place))) await this.#save(place);
    return outcomes.some(({ outcome }) => outcome.kind === 'delivered');
  }

  #move(place: Place, { isWorthSaving }: { isWorthSaving: boolean }): void {
    if (this.#at !== null) this.#at = { ...this.#at, place };
    if (isWorthSaving) this.#isSaved = false;
  }

  async #read(): Promise<{ revision: bigint; place: Place } | null> {
    const { store, endpoint } = this.options;
    const last = await lastOf(store, this.#stream);
    if (last === null) {
      // A new endpoint receives changes from now on; the feed has the earlier ones.
      const end = (await lastRecordOf(store))?.position ?? -1n;
      await this.#save({ position: String(end), open: [], stopped: null });
      await keepLast(store, this.#stream, PLACES_KEPT);
      return this.#at;
    }
    const place = last.data as Place;
    await keepLast(store, this.#stream, PLACES_KEPT);
    this.#isSaved = true;
    const isOther = place.stopped !== null && place.stopped !== hash('sha256', endpoint.url);
    return { revision: last.revision, place: isOther ? { ...place, stopped: null } : place };
  }

  /** Adds new changes; returns the same `open` when there are none. */
  async #takeIn(place: Place): Promise<Place> {
    if (place.open.length >= OPEN_MAX) return place;
    const from = BigInt(place.position);
    const { changes, scannedTo } = await readChanges(this.options.store, {
      after: from < 0n ? null : from,
      max: Math.min(PAGE, OPEN_MAX - place.open.length),
    });
    const position = String(scannedTo ?? from);
    if (changes.length === 0) return { ...place, position };
    const open = new Map(place.open.map((one) => [one.customer, one]));
    const nowMs = this.options.now().getTime();
    for (const { customer, revision, decidedAt } of changes) {
      const sinceMs = open.get(customer)?.sinceMs ?? Date.parse(decidedAt);
      open.delete(customer);
      open.set(customer, { customer, revision, attempts: 0, nextMs: nowMs, sinceMs });
    }
    return { ...place, position, open: [...open.values()] };
  }

  async #deliver(open: Open): Promise<{ open: Open; outcome: Delivered }> {
    try {
      const change = await readChange(this.options.store, open.customer, BigInt(open.revision));
      // A deleted stream has no change to deliver.
      return { open, outcome: change === null ? { kind: 'delivered' } : await this.options.send(change) };
    } catch (error) {
      if (isStoreAway(error)) throw error;
      // An error with one change does not hold up others.
      return { open, outcome: { kind: 'failed', cause: String(error) } };
    }
  }

  #after(place: Place, outcomes: readonly { open: Open; outcome: Delivered }[]): Place {
    const { endpoint, warned, failed, gaveUp, now } = this.options;
    const open = new Map(place.open.map((one) => [one.customer, one]));
    let { stopped } = place;
    for (const { open: one, outcome } of outcomes) {
      open.delete(one.customer);
      if (outcome.kind === 'delivered') continue;
      if (outcome.kind === 'gone') {
        failed('gone');
        stopped = hash('sha256', endpoint.url);
        open.set(one.customer, one);
        continue;
      }
      failed(outcome.cause);
      const pause = PAUSES_MS[one.attempts];
      if (pause !== undefined)
        open.set(one.customer, { ...one, attempts: one.attempts + 1, nextMs: now().getTime() + pause });
      else {
        gaveUp();
        warned(
          `${endpoint.name} did not accept the change of ${one.customer} in ${PAUSES_MS.length + 1} attempts: ${outcome.cause}. The delivery is given up.`,
        );
      }
    }
    if (stopped !== null) warned(`${endpoint.name} answered 410. Deliveries to it stop until its URL changes.`);
    return { ...place, open: [...open.values()], stopped };
  }

  /** Saves the place, or reads it again when another process has moved it. @throws Error when the store refuses it */
  async #save(place: Place): Promise<void> {
    const revision = this.#at?.revision ?? -1n;
    const event = { eventId: randomUUID(), type: 'outbox-moved', data: place };
    const written = await appendOwn(this.options.store, this.#stream, { events: [event], revision });
    this.#savedMs = this.options.now().getTime();
    this.#isSaved = true;
    this.#at = written.kind === 'written' ? { revision: written.revision, place } : null;
    if (written.kind !== 'written' && written.kind !== 'wrong_expected_revision')
      throw new Error(`The checkpoint of ${this.options.endpoint.name} was not written: ${written.kind}.`);
  }
}
