import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { contentHash } from '../../src/events/content-hash.js';
import { eventIdOf, quarantineIdOf } from '../../src/events/event-id.js';
import type { Json, JsonObject } from '../../src/events/json.js';
import { route, routeConflict } from '../../src/events/route.js';
import { distinctRecordedEvents, recordedEvents } from '../fixtures/recorded-events.js';
import { eventAbout } from './stripe-events.js';

const routeOf = (body: Json) => route(body, contentHash(body));
/** The stream an event goes to, or in brackets why it is quarantined. */
const placeOf = (body: Json): string => {
  const routed = routeOf(body);
  return routed.kind === 'stream' ? routed.stream : `[${routed.reason}]`;
};

const before = '2020-08-27';
const basil = '2025-03-31.basil';
const subscriptionParent = { type: 'subscription_details', quote_details: null, subscription_details: { subscription: 'sub_1', metadata: {} } };

/** Types, the object that they carry before and from 2025-03-31.basil on, and the stream of both. */
const table: readonly (readonly [types: string, object: { before: JsonObject; basil: JsonObject }, stream: string])[] = [
  ['customer.subscription.created .updated .deleted .paused .resumed .trial_will_end .pending_update_applied .pending_update_expired', same('subscription', 'sub_1', { customer: 'cus_1' }), 'subscription-sub_1'],
  ['invoice.created .finalized .finalization_failed .updated .sent .paid .payment_succeeded .payment_failed .payment_action_required .voided .marked_uncollectible .deleted .overdue .will_be_due .overpaid .payment_attempt_required',
    { before: { id: 'in_1', object: 'invoice', subscription: 'sub_1' }, basil: { id: 'in_1', object: 'invoice', parent: subscriptionParent } }, 'subscription-sub_1'],
  ['invoice.upcoming', { before: { object: 'invoice', subscription: 'sub_1', customer: 'cus_1' }, basil: { object: 'invoice', parent: subscriptionParent, customer: 'cus_1' } }, 'subscription-sub_1'],
  ['invoiceitem.created .updated .deleted', { before: { id: 'ii_1', object: 'invoiceitem', subscription: 'sub_1' }, basil: { id: 'ii_1', object: 'invoiceitem', parent: subscriptionParent } }, 'subscription-sub_1'],
  ['invoice_payment.paid', same('invoice_payment', 'inpay_1', { invoice: 'in_1' }), 'invoice_payment-inpay_1'],
  ['charge.succeeded .failed .pending .captured .updated .expired .refunded', { before: { id: 'ch_1', object: 'charge', invoice: 'in_1', customer: 'cus_1' }, basil: { id: 'ch_1', object: 'charge', customer: 'cus_1' } }, 'charge-ch_1'],
  ['payment_intent.created .processing .requires_action .amount_capturable_updated .partially_funded .payment_failed .canceled .succeeded',
    { before: { id: 'pi_1', object: 'payment_intent', invoice: 'in_1' }, basil: { id: 'pi_1', object: 'payment_intent' } }, 'payment_intent-pi_1'],
  ['refund.created .updated .failed', same('refund', 're_1', { charge: 'ch_1' }), 'refund-re_1'],
  ['charge.refund.updated', same('refund', 're_1', { charge: 'ch_1' }), 'refund-re_1'],
  ['charge.dispute.created .updated .funds_withdrawn .funds_reinstated .closed', same('dispute', 'du_1', { charge: 'ch_1' }), 'dispute-du_1'],
  ['radar.early_fraud_warning.created .updated', same('radar.early_fraud_warning', 'issfr_1', { charge: 'ch_1' }), 'radar.early_fraud_warning-issfr_1'],
  ['review.opened .closed', same('review', 'prv_1', { charge: 'ch_1' }), 'review-prv_1'],
  ['credit_note.created .updated .voided', same('credit_note', 'cn_1', { invoice: 'in_1' }), 'credit_note-cn_1'],
  ['checkout.session.completed .async_payment_succeeded .async_payment_failed .expired', same('checkout.session', 'cs_test_1', { subscription: 'sub_1', mode: 'subscription' }), 'checkout.session-cs_test_1'],
  ['subscription_schedule.created .updated .completed .released .canceled .aborted .expiring', same('subscription_schedule', 'sub_sched_1', { subscription: 'sub_1' }), 'subscription_schedule-sub_sched_1'],
  ['quote.created .finalized .accepted .canceled', same('quote', 'qt_1', { subscription: 'sub_1' }), 'quote-qt_1'],
  ['customer.created .updated .deleted', same('customer', 'cus_1', {}), 'customer-cus_1'],
  ['customer.tax_id.created .updated .deleted', same('tax_id', 'txi_1', { customer: 'cus_1' }), 'tax_id-txi_1'],
  ['customer.source.created .updated .deleted .expiring', same('card', 'card_1', { customer: 'cus_1' }), 'card-card_1'],
  ['payment_method.attached .detached .updated .automatically_updated', same('payment_method', 'pm_1', { customer: 'cus_1' }), 'payment_method-pm_1'],
  ['setup_intent.created .succeeded .setup_failed .requires_action .canceled', same('setup_intent', 'seti_1', { customer: 'cus_1' }), 'setup_intent-seti_1'],
  ['mandate.updated', same('mandate', 'mandate_1', {}), 'mandate-mandate_1'],
  ['customer.discount.created .updated .deleted', { before: { object: 'discount', customer: 'cus_1', subscription: 'sub_1' }, basil: { object: 'discount', customer: { id: 'cus_1', object: 'customer' } } }, 'customer-cus_1'],
  ['customer.discount.created .updated .deleted', same('discount', 'di_1', { customer: 'cus_1', subscription: 'sub_1' }), 'discount-di_1'],
  ['entitlements.active_entitlement_summary.updated', { before: { object: 'entitlements.active_entitlement_summary', customer: 'cus_1' }, basil: { object: 'entitlements.active_entitlement_summary', customer: 'cus_1' } }, 'customer-cus_1'],
  ['billing.alert.triggered', { before: { object: 'billing.alert_triggered', customer: 'cus_1' }, basil: { object: 'billing.alert_triggered', customer: 'cus_1' } }, 'customer-cus_1'],
  ['billing.credit_grant.created .updated', same('billing.credit_grant', 'credgr_1', { customer: 'cus_1' }), 'billing.credit_grant-credgr_1'],
  ['billing.credit_balance_transaction.created', same('billing.credit_balance_transaction', 'cbtxn_1', {}), 'billing.credit_balance_transaction-cbtxn_1'],
  ['billing.meter.created .updated .deactivated .reactivated', same('billing.meter', 'mtr_1', {}), 'billing.meter-mtr_1'],
  ['customer_cash_balance_transaction.created', same('customer_cash_balance_transaction', 'ccsbtxn_1', { customer: 'cus_1' }), 'customer_cash_balance_transaction-ccsbtxn_1'],
  ['test_helpers.test_clock.advancing .ready .created .deleted .internal_failure', same('test_helpers.test_clock', 'clock_1', {}), 'test_helpers.test_clock-clock_1'],
  ['price.created .updated .deleted', same('price', 'price_1', {}), 'price-price_1'],
  ['price.created', same('price', 'gold', {}), 'price-own-test-gold'],
  ['plan.created .updated .deleted', same('plan', 'gold', {}), 'plan-own-test-gold'],
  ['product.created .updated .deleted', same('product', 'prod_1', {}), 'product-own-test-prod_1'],
  ['coupon.created .updated .deleted', same('coupon', '25% OFF', {}), 'coupon-own-test-25% OFF'],
  ['promotion_code.created .updated', same('promotion_code', 'promo_1', {}), 'promotion_code-own-test-promo_1'],
  ['tax_rate.created .updated', same('tax_rate', 'txr_1', {}), 'tax_rate-txr_1'],
  ['payout.created .updated .paid .failed .canceled', same('payout', 'po_1', {}), 'payout-po_1'],
  ['balance.available', { before: { object: 'balance' }, basil: { object: 'balance' } }, 'account-own'],
];

function same(object: string, id: string, rest: JsonObject): { before: JsonObject; basil: JsonObject } {
  return { before: { id, object, ...rest }, basil: { id, object, ...rest } };
}

describe('routing by the payload alone', () => {
  const rows = table.flatMap(([types, object, stream]) => types.split(' ').flatMap((type, _, [first]) => {
    const full = type.startsWith('.') ? `${(first as string).slice(0, (first as string).lastIndexOf('.'))}${type}` : type;
    return [[full, before, object.before, stream], [full, basil, object.basil, stream]] as const;
  }));

  it.each(rows)('takes %s of %s, %j, to %s', (type, apiVersion, object, stream) => {
    const body = eventAbout(object, { type, api_version: apiVersion });
    expect(routeOf(body)).toEqual({ kind: 'stream', stream, eventId: eventIdOf('evt_1PgafmB7WZ01zgkW'), stripeEventId: 'evt_1PgafmB7WZ01zgkW', type });
  });

  it.each<readonly [what: string, object: JsonObject, stream: string]>([
    ['an invoice of no subscription', { id: 'in_1', object: 'invoice', subscription: null, lines: { data: [{ subscription: 'sub_1' }] } }, 'invoice-in_1'],
    ['an invoice of a quote', { id: 'in_1', object: 'invoice', parent: { type: 'quote_details', quote_details: { quote: 'qt_1' }, subscription_details: null } }, 'invoice-in_1'],
    ['an invoice without a parent, whose lines name a subscription', { id: 'in_1', object: 'invoice', parent: null, lines: { data: [{ parent: { subscription_item_details: { subscription: 'sub_1' } } }] } }, 'invoice-in_1'],
    ['an upcoming invoice of no subscription', { object: 'invoice', customer: 'cus_1' }, 'customer-cus_1'],
    ['an upcoming invoice of 2025 whose id is none', { id: 'upcoming_in_1', object: 'invoice', parent: subscriptionParent }, 'subscription-sub_1'],
    ['an upcoming invoice of 2025 of no subscription', { id: 'upcoming_in_1', object: 'invoice', parent: null, customer: 'cus_1' }, 'customer-cus_1'],
    ['a customer’s cash balance', { object: 'cash_balance', customer: 'cus_1' }, 'customer-cus_1'],
    ['an invoice with the subscription expanded', { id: 'in_1', object: 'invoice', subscription: { id: 'sub_1', object: 'subscription' } }, 'subscription-sub_1'],
    ['an invoice that holds metadata of its subscription beside its id', { id: 'in_1', object: 'invoice', subscription: 'sub_1', subscription_details: { metadata: {} } }, 'subscription-sub_1'],
    ['a deleted customer as the API answers it', { id: 'cus_1', object: 'customer', deleted: true }, 'customer-cus_1'],
    ['a deleted invoice as the API answers it', { id: 'in_1', object: 'invoice', deleted: true }, 'invoice-in_1'],
    ['a dispute of 2013, which has no id', { object: 'dispute', charge: 'ch_1' }, 'charge-ch_1'],
    ['an object unknown to us', { id: 'foo_1', object: 'foo' }, 'foo-foo_1'],
  ])('takes %s, %j, to %s', (_, object, stream) => {
    expect(placeOf(eventAbout(object))).toBe(stream);
  });

  it('keys by account and mode what users name, so that two accounts share no stream', () => {
    const plan = { id: 'gold', object: 'plan' };
    expect(placeOf(eventAbout(plan, { account: 'acct_1', livemode: true }))).toBe('plan-acct_1-live-gold');
    expect(placeOf(eventAbout(plan, { user_id: 'acct_1' }))).toBe('plan-acct_1-test-gold');
    expect(placeOf(eventAbout(plan, { account: 'acct-1' }))).toBe('[no_real_id]');
    expect(placeOf(eventAbout({ id: 'card_payments', object: 'capability', account: 'acct_1' }, { account: 'acct_1' }))).toBe('capability-acct_1-test-card_payments');
    expect(placeOf(eventAbout({ object: 'balance' }, { account: 'acct_1' }))).toBe('account-acct_1');
  });

  it('does not key by account what Stripe names', () => {
    expect(placeOf(eventAbout({ id: 'sub_1', object: 'subscription' }, { account: 'acct_1', livemode: true }))).toBe('subscription-sub_1');
  });
});

describe('quarantine', () => {
  const subscription = { id: 'sub_1', object: 'subscription' };

  it.each<readonly [what: string, body: Json, reason: string]>([
    ['null', null, 'not_an_event'],
    ['a list of events', [eventAbout(subscription)], 'not_an_event'],
    ['an object that is no event', { ...subscription }, 'not_an_event'],
    ['an event without a type', eventAbout(subscription, { type: undefined }), 'not_an_event'],
    ['an event whose type EventStoreDB would keep for itself', eventAbout(subscription, { type: '$metadata' }), 'not_an_event'],
    ['an event whose type has line breaks', eventAbout(subscription, { type: 'a\nb' }), 'not_an_event'],
    ['an EventBridge envelope', { id: '1', 'detail-type': 'x', detail: eventAbout(subscription) }, 'envelope'],
    ['an Event Grid envelope', { specversion: '1.0', id: '1', type: 'x', data: eventAbout(subscription) }, 'envelope'],
    ['a thin event', { id: 'evt_test_1', object: 'v2.core.event', type: 'v1.customer.updated', related_object: { id: 'cus_1' } }, 'thin_event'],
    ['an event about nothing', eventAbout(null), 'no_object'],
    ['an event about an object of no kind', eventAbout({ id: 'sub_1' }), 'no_object'],
    ['an object whose kind no stream name may begin with', eventAbout({ id: 'x', object: '$all' }), 'no_object'],
    ['an object that would land among the quarantined', eventAbout({ id: 'x', object: 'quarantine' }), 'no_object'],
    ['an event without an id', eventAbout(subscription, { id: undefined }), 'no_real_id'],
    ['a dashboard test event', eventAbout(subscription, { id: 'evt_00000000000000' }), 'no_real_id'],
    ['an object with an id of zeros', eventAbout({ id: 'sub_00000000000000', object: 'subscription' }), 'no_real_id'],
    ['an invoice whose subscription has an id of zeros', eventAbout({ id: 'in_1', object: 'invoice', subscription: 'sub_00000000000000' }), 'no_real_id'],
    ['an invoice with an id of zeros', eventAbout({ id: 'in_00000000000000', object: 'invoice', subscription: 'sub_1' }), 'no_real_id'],
    ['an id cut short', eventAbout({ id: 'pm_1M9HtjJDP...', object: 'payment_method' }), 'no_real_id'],
    ['an id with a control character', eventAbout({ id: 'sub_\u0007', object: 'subscription' }), 'no_real_id'],
    ['an id with a lone surrogate', eventAbout({ id: 'gold\ud800', object: 'coupon' }), 'no_real_id'],
    ['an id longer than any of Stripe', eventAbout({ id: 'x'.repeat(256), object: 'subscription' }), 'no_real_id'],
    ['an id that is a number', eventAbout({ id: 7, object: 'subscription' }), 'no_real_id'],
    ['an object with neither id nor owner', eventAbout({ object: 'foo', integer: 42 }), 'no_real_id'],
  ])('takes %s', (_, body, reason) => {
    const routed = routeOf(body);
    expect(routed).toMatchObject({ kind: 'quarantine', reason, stream: `quarantine-${routed.eventId}` });
    expect(routed.eventId).toBe(quarantineIdOf(routed.stripeEventId, contentHash(body)));
  });

  it('keeps apart test events that share the id of zeros', () => {
    const places = ['active', 'canceled'].map((status) => routeOf(eventAbout({ id: 'sub_00000000000000', object: 'subscription', status }, { id: 'evt_00000000000000' })).stream);
    expect(new Set(places).size).toBe(2);
  });

  it('names an id or a type only when it can be stored', () => {
    expect(routeOf({ id: 'a\u0000', type: 7 })).toMatchObject({ stripeEventId: null, type: 'unknown' });
    expect(routeOf({ id: 'evt_1', type: 'ping' })).toMatchObject({ stripeEventId: 'evt_1', type: 'ping' });
  });

  it('takes an event that conflicts with a recorded one, each content to a stream of its own', () => {
    const [one, other] = ['active', 'canceled'].map((status) => eventAbout({ ...subscription, status })).map((body) => routeConflict(body, contentHash(body)));
    expect(one).toMatchObject({ kind: 'quarantine', reason: 'conflict', stripeEventId: 'evt_1PgafmB7WZ01zgkW', type: 'test.updated' });
    expect(one?.stream).not.toBe(other?.stream);
    expect(one?.eventId).not.toBe(eventIdOf('evt_1PgafmB7WZ01zgkW'));
  });
});

describe('every recorded event', () => {
  const golden = readFileSync(new URL('./recorded-routes.tsv', import.meta.url), 'utf8');

  it('goes where the table of recorded routes says', () => {
    const recorded = recordedEvents();
    const lines = distinctRecordedEvents().map(({ file, stripeEvent }, i) => `${file}\t${placeOf(recorded[i]?.stripeEvent as Json)}\t${placeOf(stripeEvent)}`);
    expect(`file\tas recorded\twith distinct ids\n${lines.join('\n')}\n`).toBe(golden);
  });
});
