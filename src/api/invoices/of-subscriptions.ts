import { invoices } from '../../../projections/invoices.js';
import { links } from '../../../projections/links.js';
import { viewOf } from '../../read-models/schema.js';
import type { Row } from '../answer.js';

const INVOICES = viewOf(invoices, 'invoices');
const LINKS = viewOf(links, 'links');

/**
 * SQL for the ids of these subscriptions' invoices: those that name one, even only on a line, and those that only
 * another object links: the subscription (as its latest invoice), a Checkout Session or an invoice item.
 */
export const invoicesOfSubscriptions = (subscriptions: string): string => `
  select named.id from unnest(${subscriptions}::text[]) of (subscription) join ${INVOICES} named on named.subscriptions @> jsonb_build_array(of.subscription)
  union select target from ${LINKS} where object = 'subscription' and id = any(${subscriptions}) and target_kind = 'invoice'
  union select tied.target from ${LINKS} own join ${LINKS} tied on tied.object = own.object and tied.id = own.id and tied.target_kind = 'invoice'
    where own.target = any(${subscriptions}) and own.target_kind = 'subscription' and own.object in ('checkout.session', 'invoiceitem')`;

/** SQL for the streams of these invoices, and of any object that ever linked them to these subscriptions. */
export const streamsOfInvoicesOf = (subscriptions: string): string => `
  with ids as (${invoicesOfSubscriptions(subscriptions)} union select id from ${LINKS} where object = 'invoice' and target_kind = 'subscription' and target = any(${subscriptions}))
  select 'invoice-' || id as stream from ids union select stream from ${LINKS} where object = 'invoice' and id in (select id from ids)
  union select stream from ${LINKS} where target = any(${subscriptions}) and target_kind = 'subscription' and object in ('checkout.session', 'invoiceitem')
  union select 'subscription-' || unnest(${subscriptions}::text[])`;

/** The same ids, computed in memory from rows of invoices and links. Pure. */
export function invoicesOfSubscriptionsAmong(
  subscriptions: readonly unknown[],
  { invoices: known, links: linked }: Readonly<{ invoices: readonly Row[]; links: readonly Row[] }>,
): ReadonlySet<unknown> {
  const named = known.filter((row) =>
    (row['subscriptions'] as readonly unknown[]).some((id) => subscriptions.includes(id)),
  );
  const tying = new Set(
    linked
      .filter(
        ({ object, id, target, target_kind: kind }) =>
          (object === 'subscription' && subscriptions.includes(id)) ||
          (TYING.includes(String(object)) && kind === 'subscription' && subscriptions.includes(target)),
      )
      .map(({ object, id }) => `${String(object)} ${String(id)}`),
  );
  const tied = linked.filter(
    ({ object, id, target_kind: kind }) => kind === 'invoice' && tying.has(`${String(object)} ${String(id)}`),
  );
  return new Set([...named.map(({ id }) => id), ...tied.map(({ target }) => target)]);
}

const TYING = ['checkout.session', 'invoiceitem'];
