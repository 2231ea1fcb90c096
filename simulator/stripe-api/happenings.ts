import type { Account } from '../account.js';
import type { ApiVersion } from '../api-version.js';
import { HOUR, type Seconds } from '../calendar.js';
import { renderingOf, type SimulatedEvent } from '../journal.js';
import type { StripeEvent, StripeObject } from '../json.js';
import type { SimulatedLife } from '../life.js';
import { couponShape } from '../shapes/discount.js';
import { priceShape, productShape } from '../shapes/price.js';

/** An object's state from some second on, and its event, if there is one. */
export type Happening = Readonly<{
  /** In real time at Stripe. Events and objects under a test clock carry that clock's time instead. */
  at: Seconds;
  /** The object's identity, in the account's own version. */
  thing: Readonly<{ id: string; object: string; created: Seconds | null }>;
  /** For an invoice: the invoice items that are among its lines. */
  items: readonly string[];
  /** Renders the state on each call, since a rendering is many times larger than the facts. */
  object: (apiVersion: ApiVersion) => StripeObject;
  event: Occurrence | null;
}>;

/** The event of a happening. */
type Occurrence = Readonly<{ id: string; created: Seconds; in: (apiVersion: ApiVersion) => StripeEvent }>;

/** The speed of the lives' test clocks (life.ts). */
const CLOCK_SPEED = HOUR;
const IN_REAL_TIME = new Set([
  'payment_intent',
  'charge',
  'refund',
  'dispute',
  'payment_method',
  'test_helpers.test_clock',
]);

/** The happenings of a life, as the API shows them. Invoice previews have no id and are never listed. */
export function happeningsOf(life: SimulatedLife): Happening[] {
  const clock = life.events.find(({ stripeEvent }) => stripeEvent.type === 'test_helpers.test_clock.created');
  const realTime = ({ created, data: { object } }: StripeEvent): Seconds => {
    if (clock === undefined || IN_REAL_TIME.has(object.object)) return created;
    const { created: since, frozen_time: startsAt } = clock.stripeEvent.data.object;
    return Number(since) + Math.floor((created - Number(startsAt)) / CLOCK_SPEED);
  };
  return life.events.filter(isOfAnObject).map((simulated) => happeningOf(simulated, realTime(simulated.stripeEvent)));
}

/** The happening of a simulated event. Keeps the renderer rather than the event. */
export function happeningOf(simulated: SimulatedEvent, at: Seconds): Happening {
  const { id, created, data } = simulated.stripeEvent;
  const render = renderingOf(simulated);
  return {
    at,
    ...ofShape(data.object),
    object: (apiVersion) => render(apiVersion).data.object,
    event: { id, created, in: render },
  };
}

/** The parts of an object that are needed without rendering it again. */
export const ofShape = (shape: StripeObject): Pick<Happening, 'thing' | 'items'> => ({
  thing: {
    id: shape.id,
    object: shape.object,
    created: typeof shape['created'] === 'number' ? shape['created'] : null,
  },
  items: shape.object === 'invoice' ? itemsOf(shape) : NONE,
});

const NONE: readonly string[] = [];

function itemsOf(invoice: StripeObject): readonly string[] {
  const { data } = invoice['lines'] as unknown as { data: readonly Record<string, unknown>[] };
  const items = data.flatMap((line) => {
    const { subscription_item_details: ofItem, invoice_item_details: ofInvoice } = (line['parent'] ?? {}) as Record<
      string,
      { invoice_item?: string } | undefined
    >;
    const item = line['invoice_item'] ?? ofItem?.invoice_item ?? ofInvoice?.invoice_item;
    return typeof item === 'string' ? [item] : [];
  });
  return items.length === 0 ? NONE : items;
}

const isOfAnObject = ({ stripeEvent }: SimulatedEvent): boolean =>
  typeof (stripeEvent.data.object as { id?: unknown }).id === 'string' && stripeEvent.type !== 'invoice.upcoming';

/** The products, prices and coupons, which existed before the first life. */
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
  return objects.map(({ at, object }) => ({ at, ...ofShape(object(apiVersion)), object, event: null }));
}

/** The tiers of a price, which Stripe returns only when they are expanded. */
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
