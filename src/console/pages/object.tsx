import { ProblemError } from '../../http/problem.js';
import type { ChangedBy, Stale } from '../answers.js';
import { pathOf, withQuery } from '../ledger.js';
import { page, Redirect, type Asked, type Shown } from '../page.js';
import { customerPage, eventPage } from '../places.js';
import { Section } from '../parts/layout.js';
import { ObjectFacts } from '../parts/object-facts.js';
import { Id, Mark, Status, Time } from '../parts/text.js';

/** API paths of single objects, each with its noun. */
const KINDS: Readonly<Record<string, string>> = {
  invoices: 'Invoice',
  payments: 'Payment',
  refunds: 'Refund',
  disputes: 'Dispute',
  'credit-notes': 'Credit note',
  'checkout-sessions': 'Checkout session',
  'payment-methods': 'Payment method',
  products: 'Product',
  prices: 'Price',
  coupons: 'Coupon',
  'promotion-codes': 'Promotion code',
  'subscription-schedules': 'Subscription schedule',
};
/** Paths of objects that have their own page. */
const ELSEWHERE = ['customers', 'subscriptions', 'events', 'payouts'];

type One = Readonly<Record<string, unknown>> & Readonly<{ id: string; changedBy?: ChangedBy; stale?: Stale }>;

function show(one: One, { path }: Asked): Shown {
  const kind = KINDS[String(path['resource'])] ?? 'Object';
  const text = (name: string): string | null => (typeof one[name] === 'string' ? one[name] : null);
  const name = text('number') ?? text('name') ?? text('code') ?? one.id;
  const customer = text('customer');
  return {
    title: `${kind} ${name}`,
    main: (
      <>
        <p class="over">
          {kind}
          {customer === null ? null : (
            <>
              {' '}
              of <a href={customerPage(customer)}>{customer}</a>
            </>
          )}
        </p>
        <h1 class={name === one.id ? 'id' : ''}>{name}</h1>
        <p class="under">
          {name === one.id ? null : <Id id={one.id} />} <Status of={text('status')} />
          {one.stale === undefined ? null : <Mark tone="warn">outdated: {one.stale.cause}</Mark>}
        </p>
        <Section
          title="Details"
          id="known"
          aside={
            <span>
              {path['resource'] === 'invoices' ? (
                <>
                  <a href={withQuery('/console/journal', { invoice: one.id })}>Journal</a>,{' '}
                </>
              ) : null}
              <a href={withQuery('/console/events', { object: one.id })}>Events</a>
            </span>
          }
        >
          <ObjectFacts of={one} />
        </Section>
        {one.changedBy === undefined ? null : (
          <p class="dim">
            Last changed by <a href={eventPage(one.changedBy.stripeEventId)}>{one.changedBy.type}</a> of{' '}
            <Time at={one.changedBy.created} />.
          </p>
        )}
      </>
    ),
  };
}

/** What is known about an object without its own page? */
export const OBJECT = page<One>({
  path: '/objects/:resource/:id',
  scope: 'read',
  async load(ledger, { path }) {
    const [resource, id] = [String(path['resource']), String(path['id'])];
    if (ELSEWHERE.includes(resource)) throw new Redirect(`/console/${pathOf(resource, id)}`);
    if (!Object.hasOwn(KINDS, resource))
      throw new ProblemError('not_found', `The console has no page for ${resource}.`);
    return ledger.read(`/v1/${pathOf(resource, id)}`);
  },
  show: (data, { asked }) => show(data, asked),
});
