import type { Account } from '../account.js';
import type { ApiVersion } from '../api-version.js';
import { HOUR, type Seconds } from '../calendar.js';
import { renderedIn, type SimulatedEvent } from '../journal.js';
import type { StripeEvent, StripeObject } from '../json.js';
import type { SimulatedLife } from '../life.js';
import { couponShape } from '../shapes/discount.js';
import { priceShape, productShape } from '../shapes/price.js';

/** An object as it is from some second on, and the event that tells of it, if one does. */
export type Happening = Readonly<{
  /** In Stripe's own time; events and objects under a test clock bear the time of that clock instead. */
  at: Seconds;
  /** The object in the account's own version. */
  shape: StripeObject;
  object: (apiVersion: ApiVersion) => StripeObject;
  event: ((apiVersion: ApiVersion) => StripeEvent) | null;
}>;

/** How fast the clocks of lives run (life.ts). */
const CLOCK_SPEED = HOUR;
const IN_REAL_TIME = new Set([
  'payment_intent',
  'charge',
  'refund',
  'dispute',
  'payment_method',
  'test_helpers.test_clock',
]);

/** What happens in a life, as the API shows it. Previews of invoices have no id: they are never listed. */
export function happeningsOf(life: SimulatedLife): Happening[] {
  const clock = life.events.find(({ stripeEvent }) => stripeEvent.type === 'test_helpers.test_clock.created');
  const realTime = ({ created, data: { object } }: StripeEvent): Seconds => {
    if (clock === undefined || IN_REAL_TIME.has(object.object)) return created;
    const { created: since, frozen_time: startsAt } = clock.stripeEvent.data.object;
    return Number(since) + Math.floor((created - Number(startsAt)) / CLOCK_SPEED);
  };
  return life.events.filter(isOfAnObject).map((simulated) => ({
    at: realTime(simulated.stripeEvent),
    shape: simulated.stripeEvent.data.object,
    object: (apiVersion) => renderedIn(simulated, apiVersion).data.object,
    event: (apiVersion) => renderedIn(simulated, apiVersion),
  }));
}

const isOfAnObject = ({ stripeEvent }: SimulatedEvent): boolean =>
  typeof (stripeEvent.data.object as { id?: unknown }).id === 'string' && stripeEvent.type !== 'invoice.upcoming';

/** The catalogue, which was there before the first life. */
export function catalogueOf(account: Account, apiVersion: ApiVersion): Happening[] {
  const view = (version: ApiVersion) => ({ account, apiVersion: version, playedIn: apiVersion, clock: null });
  const products = new Map(account.prices.map((price) => [price.product, price]));
  const objects: Readonly<{ at: Seconds; object: Happening['object'] }>[] = [
    ...[...products.values()].map((price) => ({
      at: price.createdAt,
      object: (version: ApiVersion) => productShape(view(version), price),
    })),
    ...account.prices.map((price) => ({
      at: price.createdAt,
      object: (version: ApiVersion) => priceShape(view(version), price),
    })),
    ...account.coupons.map((coupon) => ({
      at: coupon.createdAt,
      object: (version: ApiVersion) => couponShape(view(version), coupon),
    })),
  ];
  return objects.map(({ at, object }) => ({ at, shape: object(apiVersion), object, event: null }));
}

/** The tiers of a price, which it has only where they are asked for. */
export function tiersOf(account: Account, price: string): StripeObject['tiers'] {
  const { tiers = [] } = account.prices.find(({ id }) => id === price) ?? {};
  return tiers.map(({ upTo, unitAmountMinor, flatAmountMinor }) => ({
    flat_amount: flatAmountMinor,
    flat_amount_decimal: String(flatAmountMinor),
    unit_amount: unitAmountMinor,
    unit_amount_decimal: String(unitAmountMinor),
    up_to: upTo,
  }));
}
