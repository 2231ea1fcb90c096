import type { StripeEvent } from '../simulator/json.js';
import { seededRandom } from '../simulator/random.js';
import { simulate } from '../simulator/simulator.js';

/** A renewal as Stripe delivers it: the body as Stripe prints it, and the object it is about. */
export interface Renewal {
  readonly body: Buffer;
  readonly object: 'subscription' | 'invoice';
  readonly id: string;
}

/** The size of most bodies in bytes: one item, one line. */
const BODY_BYTES = 6_800;
/** Distinct events from which the storm is generated. */
const TEMPLATES = 3;
/** Ids that belong to one subscription. Product ids stay, since many subscriptions share them. */
const OWN_IDS = /\b(?:cus|evt|il|in|inpay|pi|pm|req|si|sub)_[A-Za-z0-9]+\b/g;

/**
 * A day on which many subscriptions renew: half `customer.subscription.updated`, half `invoice.paid`. Each event is
 * about another subscription and is the first of its stream. Names keep the rounds distinct.
 */
export function* renewals(name: string, count: number): Generator<Renewal> {
  const kinds = templates();
  const random = seededRandom('renewals', name);
  for (let index = 0; index < count; index += 1) {
    const all = kinds[index % kinds.length] ?? [];
    const template = all[Math.floor(index / kinds.length) % all.length];
    if (template === undefined) throw new Error('The simulator made no renewal.');
    yield renewalOf(template, () => random.alphanumeric(24));
  }
}

function renewalOf(template: StripeEvent, fresh: () => string): Renewal {
  const renamed = new Map<string, string>();
  const rename = (id: string): string => {
    const known = renamed.get(id);
    if (known !== undefined) return known;
    const own = `${id.slice(0, id.indexOf('_'))}_${fresh()}`;
    renamed.set(id, own);
    return own;
  };
  const body = JSON.stringify(template, null, 2).replaceAll(OWN_IDS, rename);
  const { object, id } = template.data.object;
  return { body: Buffer.from(body), object: object as Renewal['object'], id: rename(String(id)) };
}

function templates(): readonly (readonly StripeEvent[])[] {
  const events = simulate({ seed: 1, subscriptions: 100, apiVersion: '2026-03-25.dahlia' }).events.map(
    ({ stripeEvent }) => stripeEvent,
  );
  const isRenewal = ({ type, data: { object, previous_attributes: previous } }: StripeEvent): boolean =>
    type === 'invoice.paid'
      ? object['billing_reason'] === 'subscription_cycle'
      : object['status'] === 'active' && previous?.['latest_invoice'] !== undefined;
  const distance = (event: StripeEvent): number => Math.abs(JSON.stringify(event, null, 2).length - BODY_BYTES);
  return ['customer.subscription.updated', 'invoice.paid'].map((wanted) =>
    events
      .filter((event) => event.type === wanted && isRenewal(event))
      .sort((a, b) => distance(a) - distance(b))
      .slice(0, TEMPLATES),
  );
}
