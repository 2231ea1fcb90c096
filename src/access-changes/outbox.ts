import { hash, randomUUID } from 'node:crypto';
import type { EventStore } from '../eventstore/event-store.js';
import { appendOwn, lastOf } from '../eventstore/own-streams.js';
import { lastRecordOf } from '../eventstore/raw-event.js';
import type { AccessChange } from './change.js';
import { readChange, readChanges } from './change-log.js';
import type { Delivered } from './delivery.js';
import type { Endpoint } from './outbox-config.js';

/** A customer whose latest change is to be delivered yet; times in milliseconds since 1970. */
type Open = Readonly<{ customer: string; revision: number; attempts: number; nextMs: number; sinceMs: number }>;
/**
 * How far an endpoint was told: all changes up to `position` are delivered, but for those that are `open`. `stopped`: the hash of the
 * address that answered 410; another address begins again.
 */
type Place = Readonly<{ position: string; open: readonly Open[]; stopped: string | null }>;

export type OutboxOptions = Readonly<{
  store: EventStore;
  endpoint: Endpoint;
  now: () => Date;
  send: (change: AccessChange) => Promise<Delivered>;
  failed: (cause: string) => void;
  warned: (text: string) => void;
  /** Age of the oldest change that is not delivered, in seconds. */
  lag: (seconds: number) => void;
}>;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Pauses between attempts, as Standard Webhooks proposes; after the last one a change is given up. */
const PAUSES_MS = [5_000, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/** Beyond it the feed is not read further: a place fits into an event. */
const OPEN_MAX = 4_000;
const PAGE = 500;
const AT_ONCE = 8;

/**
 * Tells an endpoint of changes, those of a customer in their order. While one waits, a later one takes its place: the receiver wants to
 * know what holds now. The place is kept in the log, as `outbox-<name>`.
 */
export class Outbox {
  readonly #stream: string;
  #place: Readonly<{ revision: bigint; place: Place }> | null = null;

  constructor(private readonly options: OutboxOptions) {
    this.#stream = `outbox-${options.endpoint.name}`;
  }

  /** Forgets the place: another process may move it on. */
  forget(): void {
    this.#place = null;
  }

  /** One round: takes new changes in and delivers what is due; whether something was delivered or tried. @throws StoreUnavailable */
  async tick(): Promise<boolean> {
    this.#place ??= await this.#read();
    if (this.#place === null) return false;
    const { place } = this.#place;
    if (place.stopped !== null) return false;
    const taken = await this.#takeIn(place);
    if (taken.open !== place.open && !(await this.#save(taken))) return false;
    this.#tellLag(taken);
    const nowMs = this.options.now().getTime();
    const due = taken.open.filter(({ nextMs }) => nextMs <= nowMs).slice(0, AT_ONCE);
    if (due.length === 0) {
      // Where nothing was is not worth an event; after a restart it is looked at again.
      if (this.#place !== null) this.#place = { ...this.#place, place: taken };
      return false;
    }
    const outcomes = await Promise.all(due.map((open) => this.#deliver(open)));
    return this.#save(this.#after(taken, outcomes));
  }

  async #read(): Promise<{ revision: bigint; place: Place } | null> {
    const { store, endpoint } = this.options;
    const last = await lastOf(store, this.#stream);
    if (last === null) {
      // A new endpoint is told what changes from now on; the feed has what was before.
      const end = (await lastRecordOf(store))?.position ?? -1n;
      await this.#save({ position: String(end), open: [], stopped: null });
      return this.#place;
    }
    const place = last.data as Place;
    const isOther = place.stopped !== null && place.stopped !== hash('sha256', endpoint.url);
    return { revision: last.revision, place: isOther ? { ...place, stopped: null } : place };
  }

  /** With `open` as it was when nothing is new. */
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
    for (const { customer, revision } of changes) {
      const sinceMs = open.get(customer)?.sinceMs ?? nowMs;
      open.delete(customer);
      open.set(customer, { customer, revision, attempts: 0, nextMs: nowMs, sinceMs });
    }
    return { ...place, position, open: [...open.values()] };
  }

  async #deliver(open: Open): Promise<{ open: Open; outcome: Delivered }> {
    const change = await readChange(this.options.store, open.customer, BigInt(open.revision));
    // A stream that somebody deleted has nothing to tell.
    const outcome: Delivered = change === null ? { kind: 'delivered' } : await this.options.send(change);
    return { open, outcome };
  }

  #after(place: Place, outcomes: readonly { open: Open; outcome: Delivered }[]): Place {
    const { endpoint, warned, failed, now } = this.options;
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
      else
        warned(
          `${endpoint.name} did not take the change of ${one.customer} in ${PAUSES_MS.length + 1} attempts: ${outcome.cause}. It is given up.`,
        );
    }
    if (stopped !== null) warned(`${endpoint.name} answered 410: it is told nothing more, unless its URL changes.`);
    return { ...place, open: [...open.values()], stopped };
  }

  #tellLag({ open }: Place): void {
    const oldest = open.reduce((least, { sinceMs }) => Math.min(least, sinceMs), Infinity);
    this.options.lag(open.length === 0 ? 0 : Math.max(0, (this.options.now().getTime() - oldest) / 1000));
  }

  /** False when another process has moved the place: it is read again. @throws StoreUnavailable */
  async #save(place: Place): Promise<boolean> {
    const revision = this.#place?.revision ?? -1n;
    const event = { eventId: randomUUID(), type: 'outbox-moved', data: place };
    const written = await appendOwn(this.options.store, this.#stream, { events: [event], revision });
    if (written.kind === 'written') {
      this.#place = { revision: written.revision, place };
      return true;
    }
    this.#place = null;
    if (written.kind === 'wrong_expected_revision') return false;
    throw new Error(`The place of ${this.options.endpoint.name} was not written: ${written.kind}.`);
  }
}
