import { invoices } from '../../../projections/invoices.js';
import { links } from '../../../projections/links.js';
import { viewOf } from '../../read-models/schema.js';

const INVOICES = viewOf(invoices, 'invoices');
const LINKS = viewOf(links, 'links');

/**
 * The ids of these subscriptions' invoices, in SQL: those that name one, also by their lines, and those that only another object ties to it: the
 * subscription itself, as its latest, a Checkout Session or an invoice item.
 */
export const invoicesOfSubscriptions = (subscriptions: string): string => `
  select named.id from unnest(${subscriptions}::text[]) of (subscription) join ${INVOICES} named on named.subscriptions @> jsonb_build_array(of.subscription)
  union select target from ${LINKS} where object = 'subscription' and id = any(${subscriptions}) and target_kind = 'invoice'
  union select tied.target from ${LINKS} own join ${LINKS} tied on tied.object = own.object and tied.id = own.id and tied.target_kind = 'invoice'
    where own.target = any(${subscriptions}) and own.target_kind = 'subscription' and own.object in ('checkout.session', 'invoiceitem')`;
