import { describe, expect, it } from '@jest/globals';
import { accessAnswer, type Wanted } from '../../src/access/answer.js';
import type { AccessFacts } from '../../src/access/facts.js';
import { DEFAULT_ACCESS_POLICY } from '../../src/access/policy.js';
import { day, facts, item, subscription } from './subscription-facts.js';

const product = (name: string): Wanted => ({ kind: 'product', product: name });
const entitlement = (name: string): Wanted => ({ kind: 'entitlement', entitlement: name });
const anything: Wanted = { kind: 'anything' };
const answer = (wanted: Wanted, known: Partial<AccessFacts>) =>
  accessAnswer(wanted, [facts(known)], { policy: DEFAULT_ACCESS_POLICY, at: day(10) });
const { changedBy } = subscription();
const reports = { id: 'ent_1', feature: 'feat_1', lookupKey: 'reports', changedBy };

describe('access of a customer', () => {
  it('names the subscription, its status, the rule and the Stripe events behind it', () => {
    expect(answer(product('prod_1'), { subscriptions: [subscription()] })).toMatchObject({
      granted: true,
      until: day(33),
      reason: {
        rule: 'active',
        subscription: 'sub_1',
        status: 'active',
        statusSince: day(0),
        statusEvent: 'evt_status',
        changedBy,
      },
    });
  });

  it('is granted by the subscription that grants longest', () => {
    const subscriptions = [
      subscription({ id: 'sub_canceled', status: 'canceled' }),
      subscription({ id: 'sub_short', cancelAt: day(11) }),
      subscription({ id: 'sub_long', items: [item({ periodEnd: day(365) })] }),
    ];
    const { reason, until, considered } = answer(product('prod_1'), { subscriptions });
    expect({ reason, until }).toMatchObject({ reason: { subscription: 'sub_long' }, until: day(368) });
    expect(considered.map((one) => ('subscription' in one.reason ? one.reason.subscription : null))).toEqual([
      'sub_long',
      'sub_short',
      'sub_canceled',
    ]);
  });

  it('is denied because of what ended last', () => {
    const subscriptions = [
      subscription({ id: 'sub_never', status: 'incomplete' }),
      subscription({ id: 'sub_first', cancelAt: day(3) }),
      subscription({ id: 'sub_last', cancelAt: day(9) }),
    ];
    expect(answer(product('prod_1'), { subscriptions })).toMatchObject({
      granted: false,
      until: day(9),
      reason: { rule: 'cancellation_due', subscription: 'sub_last' },
    });
  });

  it('to a product comes from subscriptions of that product only', () => {
    const subscriptions = [subscription({ items: [item({ product: 'prod_2' }), item({ product: 'prod_3' })] })];
    expect(answer(product('prod_3'), { subscriptions })).toMatchObject({ granted: true });
    expect(answer(product('prod_1'), { subscriptions, entitlements: [reports] })).toMatchObject({
      granted: false,
      until: null,
      reason: { rule: 'no_subscription' },
      considered: [],
    });
  });

  it('to each product of a subscription lasts to the end of its own item, and to anything to the last of them', () => {
    const mixed = subscription({ items: [item(), item({ product: 'prod_year', periodEnd: day(365) })] });
    const subscriptions = [mixed];
    expect(answer(product('prod_1'), { subscriptions })).toMatchObject({ granted: true, until: day(33) });
    expect(answer(product('prod_year'), { subscriptions })).toMatchObject({ granted: true, until: day(368) });
    expect(answer(anything, { subscriptions })).toMatchObject({
      until: day(368),
      products: ['prod_1', 'prod_year'],
      considered: [
        { products: ['prod_year'], until: day(368) },
        { products: ['prod_1'], until: day(33) },
      ],
    });
  });

  it('to a product of several items lasts as long as the best of them grants', () => {
    const items = [item({ quantity: 0 }), item({ periodEnd: day(365) }), item()];
    expect(answer(product('prod_1'), { subscriptions: [subscription({ items })] })).toMatchObject({
      granted: true,
      until: day(368),
      considered: [{ products: ['prod_1'] }],
    });
  });

  it('to an entitlement lasts while Stripe lists it, under its lookup key or its feature', () => {
    for (const name of ['reports', 'feat_1'])
      expect(answer(entitlement(name), { entitlements: [reports] })).toMatchObject({
        granted: true,
        until: null,
        reason: { rule: 'entitlement', lookupKey: 'reports', changedBy },
      });
    expect(answer(entitlement('exports'), { entitlements: [reports], subscriptions: [subscription()] })).toMatchObject({
      granted: false,
      reason: { rule: 'no_entitlement' },
    });
  });

  it('to anything lists all products and entitlements that are granted now', () => {
    const subscriptions = [
      subscription({ items: [item({ product: 'prod_2' }), item({ product: 'prod_1' })] }),
      subscription({ id: 'sub_2', items: [item({ product: 'prod_2' })] }),
      subscription({ id: 'sub_3', items: [item({ product: 'prod_gone' })], status: 'canceled' }),
    ];
    const { considered, ...found } = answer(anything, { subscriptions, entitlements: [reports] });
    expect(found).toMatchObject({ granted: true, products: ['prod_1', 'prod_2'], entitlements: ['reports'] });
    expect(considered).toHaveLength(4);
  });

  it('is not complete when an event contained only a part of the facts, or could not be read', () => {
    const partly = { subscriptions: [subscription({ hasAllItems: false })], hasAllEntitlements: true };
    expect(answer(product('prod_9'), partly).isComplete).toBe(false);
    expect(answer(product('prod_1'), { subscriptions: [subscription({ isStale: true })] })).toMatchObject({
      granted: true,
      isComplete: false,
      reason: { isStale: true },
    });
    expect(answer(entitlement('reports'), partly).isComplete).toBe(true);
    expect(answer(entitlement('reports'), { hasAllEntitlements: false }).isComplete).toBe(false);
    expect(answer(anything, { hasAllEntitlements: false }).isComplete).toBe(false);
  });

  it('of several customers of one person is that of the best, and names it', () => {
    const all = [
      facts({ customer: 'cus_gone', isCustomerDeleted: true, entitlements: [reports] }),
      facts({ customer: 'cus_short', subscriptions: [subscription({ id: 'sub_short', cancelAt: day(11) })] }),
      facts({ customer: 'cus_long', subscriptions: [subscription()] }),
    ];
    const found = accessAnswer(anything, all, { policy: DEFAULT_ACCESS_POLICY, at: day(10) });
    expect(found).toMatchObject({ granted: true, until: day(33), reason: { customer: 'cus_long' }, entitlements: [] });
    expect(found.considered).toHaveLength(2);
  });

  it('about an unknown customer is no, and states that it may be wrong', () => {
    expect(accessAnswer(anything, [], { policy: DEFAULT_ACCESS_POLICY, at: day(10) })).toMatchObject({
      granted: false,
      until: null,
      isComplete: false,
      reason: { rule: 'customer_not_known' },
    });
  });

  it('is not complete while a subscription is named without any event', () => {
    const unseenSubscriptions = ['sub_unseen'];
    expect(answer(product('prod_1'), { unseenSubscriptions })).toMatchObject({
      granted: false,
      isComplete: false,
      unseenSubscriptions,
      reason: { rule: 'subscription_not_seen' },
    });
    expect(answer(product('prod_1'), { unseenSubscriptions, subscriptions: [subscription()] })).toMatchObject({
      granted: true,
      isComplete: false,
      reason: { rule: 'active' },
    });
    expect(answer(entitlement('reports'), { unseenSubscriptions, entitlements: [reports] }).isComplete).toBe(true);
  });

  it('ends with the customer', () => {
    expect(
      answer(anything, { subscriptions: [subscription()], entitlements: [reports], isCustomerDeleted: true }),
    ).toMatchObject({ granted: false, reason: { rule: 'customer_deleted' }, products: [], entitlements: [] });
  });
});
