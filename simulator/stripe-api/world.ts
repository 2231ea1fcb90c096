import { simulatedAccount, type Account } from '../account.js';
import type { ApiVersion } from '../api-version.js';
import { bankOf, type Bank } from '../bank/bank.js';
import type { Ledger } from '../bank/ledger.js';
import { DAY, type Seconds } from '../calendar.js';
import type { JsonObject, StripeEvent, StripeObject } from '../json.js';
import { seededRandom } from '../random.js';
import { lives } from '../simulator.js';
import { catalogueOf, happeningsOf, tiersOf, type Happening } from './happenings.js';
import { moneyOf } from './money.js';

export type WorldOptions = Readonly<{
  seed: number;
  subscriptions: number;
  /** The account's own version, which determines what happens and how it is rendered. */
  apiVersion: ApiVersion;
  /** The first second; customers are created within the 30 days after it. */
  startAt: Seconds;
  livemode: boolean;
  /** Customers may also pay tax, and pay in parts or too much (see `SimulationOptions`). */
  bank?: boolean;
  /** Events appear in lists up to this many seconds late. */
  listLagS: number;
  /** The share of changes for which Stripe makes no event. */
  unmadeRate: number;
}>;

/** An event, and the time from which it is listed. */
export type WorldEvent = Readonly<{
  id: string;
  at: Seconds;
  /** The event's own `created`: under a test clock, that clock's time. */
  created: Seconds;
  listedAt: Seconds;
  in: (apiVersion: ApiVersion) => StripeEvent;
}>;

/** An object's states, oldest first. */
type Thing = Readonly<{ id: string; object: string; created: number; index: number; states: readonly Happening[] }>;

const OPENED_BEFORE = 90 * DAY;

/**
 * Everything that happens to one Stripe account, and its state at any second: the truth that the API shows, with or
 * without events.
 */
export class World {
  readonly account: Account;
  readonly openedAt: Seconds;
  readonly bank: Bank;
  /** The books of all lives and of the bank. */
  readonly ledgers: readonly Ledger[];
  readonly #things = new Map<string, Thing>();
  readonly #byObject = new Map<string, Thing[]>();
  readonly #deleted = new Map<string, Seconds>();
  readonly #amended = new Map<string, readonly Readonly<{ at: Seconds; fields: JsonObject }>[]>();
  /** By invoice item: the invoice whose line it became, and when; no event reports it. */
  readonly #invoiced = new Map<string, { at: Seconds; invoice: string }>();
  /** Every event that Stripe makes, in the order they happen. */
  readonly events: readonly WorldEvent[];
  /** The same events in the order of the list. */
  readonly newestFirst: readonly WorldEvent[];
  readonly #eventsById: ReadonlyMap<string, WorldEvent>;
  /** Changes for which Stripe makes no event. */
  readonly unmade: readonly WorldEvent[];

  constructor(readonly options: WorldOptions) {
    const { seed, subscriptions, apiVersion, startAt, livemode, bank = false } = options;
    this.openedAt = startAt - OPENED_BEFORE;
    this.account = simulatedAccount({ seed, livemode, openedAt: this.openedAt });
    const happenings = catalogueOf(this.account, apiVersion);
    const ledgers: Ledger[] = [];
    // One life at a time, so that its renderings can be garbage-collected.
    for (const life of lives({ seed, subscriptions, apiVersion, startAt, livemode, bank })) {
      ledgers.push(life.ledger);
      for (const happening of happeningsOf(life)) happenings.push(happening);
    }
    this.bank = bankOf(
      this.account.id,
      ledgers.flatMap(({ movements }) => movements),
    );
    this.ledgers = [...ledgers, this.bank.paidOut, this.bank.settled];
    for (const happening of moneyOf(this.account, apiVersion, this.bank)) happenings.push(happening);
    happenings.sort((a, b) => a.at - b.at);
    // The balance is not an object of its own.
    this.#keep(happenings.filter(({ thing }) => thing.object !== 'balance'));
    const random = seededRandom(seed, 'world');
    const events = happenings.flatMap(({ at, event }): (WorldEvent & { made: boolean })[] => {
      if (event === null) return [];
      const lag = random.chance(0.1) ? random.integer(0, options.listLagS) : 0;
      return [{ ...event, at, listedAt: at + lag, made: !random.chance(options.unmadeRate) }];
    });
    this.events = events.filter(({ made }) => made);
    this.unmade = events.filter(({ made }) => !made);
    this.newestFirst = this.events.toReversed().sort((a, b) => b.created - a.created);
    this.#eventsById = new Map(this.events.map((event) => [event.id, event]));
  }

  event(id: string): WorldEvent | null {
    return this.#eventsById.get(id) ?? null;
  }

  #keep(happenings: readonly Happening[]): void {
    const states = new Map<string, Happening[]>();
    for (const happening of happenings) {
      const { id, object, created } = happening.thing;
      const known = states.get(id);
      if (known !== undefined) {
        known.push(happening);
        continue;
      }
      const all = [happening];
      states.set(id, all);
      const thing = { id, object, created: created ?? happening.at, index: states.size, states: all };
      this.#things.set(id, thing);
      const alike = this.#byObject.get(object);
      if (alike === undefined) this.#byObject.set(object, [thing]);
      else alike.push(thing);
      for (const item of happening.items) this.#invoiced.set(item, { at: happening.at, invoice: id });
    }
    for (const things of this.#byObject.values()) things.sort((a, b) => b.created - a.created || b.index - a.index);
  }

  /** The ids of all existing objects of one kind, newest first, with their creation times. */
  *listed(object: string, now: Seconds): Generator<Readonly<{ id: string; created: number }>> {
    for (const { id, created, states } of this.#byObject.get(object) ?? [])
      if (Number(states[0]?.at) <= now && !this.isDeleted(id, now)) yield { id, created };
  }

  /**
   * An object's current state; null when it does not exist (any more). `readAt` is the second in the fields that depend
   * on the time of reading.
   */
  object(id: string, now: Seconds, apiVersion: ApiVersion, readAt: Seconds = now): StripeObject | null {
    const state = this.#things.get(id)?.states.findLast(({ at }) => at <= now);
    if (state === undefined || this.isDeleted(id, now)) return null;
    const invoiced = this.#invoiced.get(id);
    const read = readAtTime(state.object(apiVersion), readAt - this.openedAt);
    const amended = (this.#amended.get(id) ?? []).filter(({ at }) => at <= now);
    const shape = amended.reduce<StripeObject>((before, { fields }) => ({ ...before, ...fields }), read);
    return invoiced === undefined || invoiced.at > now ? shape : { ...shape, invoice: invoiced.invoice };
  }

  kindOf(id: string): string | null {
    return this.#things.get(id)?.object ?? null;
  }

  /** Changes an object without an event. */
  amend(id: string, at: Seconds, fields: JsonObject): void {
    this.#amended.set(id, [...(this.#amended.get(id) ?? []), { at, fields }]);
  }

  /** Deletes an object as the merchant would, without an event. */
  delete(id: string, now: Seconds): void {
    this.#deleted.set(id, now);
  }

  isDeleted(id: string, now: Seconds): boolean {
    return (this.#deleted.get(id) ?? Infinity) <= now;
  }

  tiersOf(price: string): StripeObject['tiers'] {
    return tiersOf(this.account, price);
  }

  /** Every object that exists at a second, in its state then. Each iteration renders them again, one at a time. */
  objects(now: Seconds, apiVersion: ApiVersion): Iterable<StripeObject> {
    const shapes = (): Generator<StripeObject> => this.#shapes(now, apiVersion);
    return { [Symbol.iterator]: shapes };
  }

  *#shapes(now: Seconds, apiVersion: ApiVersion): Generator<StripeObject> {
    for (const id of this.#things.keys()) {
      const shape = this.object(id, now, apiVersion);
      if (shape !== null) yield shape;
    }
  }
}

/** URLs that Stripe signs anew at each read. */
const SIGNED_ANEW: Readonly<Record<string, readonly string[]>> = {
  invoice: ['hosted_invoice_url', 'invoice_pdf'],
  credit_note: ['pdf'],
  charge: ['receipt_url'],
};

function readAtTime(shape: StripeObject, age: Seconds): StripeObject {
  const signed = (SIGNED_ANEW[shape.object] ?? []).filter((field) => typeof shape[field] === 'string');
  if (signed.length === 0) return shape;
  return {
    ...shape,
    ...Object.fromEntries(signed.map((field) => [field, String(shape[field]).replace('?s=', `,${age}?s=`)])),
  };
}
