import { customer, DAHLIA, entitlementSummary, OLD, stripeEvent } from '../../support/stripe-objects.js';
import type { Scenario } from './scenario.js';

const summary = (
  lookupKeys: readonly string[],
  { hasMore = false, ...envelope }: NonNullable<Parameters<typeof stripeEvent>[2]> & { hasMore?: boolean } = {},
) =>
  stripeEvent(
    'entitlements.active_entitlement_summary.updated',
    entitlementSummary('cus_1', lookupKeys, hasMore),
    envelope,
  );

export const entitlementsScenarios: readonly Scenario[] = [
  ...[OLD, DAHLIA].map((apiVersion) => ({
    title: `has each entitlement of a summary of ${apiVersion}`,
    given: [],
    when: summary(['reports', 'exports'], { id: 'evt_first', apiVersion }),
    then: {
      entitlements: [
        {
          customer: 'cus_1',
          id: 'ent_reports',
          feature: 'feat_reports',
          lookup_key: 'reports',
          stripe_event_id: 'evt_first',
          stripe_event_created: '2026-01-01T00:00:00.000Z',
        },
        { customer: 'cus_1', id: 'ent_exports', feature: 'feat_exports', lookup_key: 'exports' },
      ],
      entitlement_summaries: [{ customer: 'cus_1', has_all_entitlements: true, is_customer_deleted: false }],
    },
  })),
  {
    title: 'loses what is no longer listed, and keeps of the rest the event that listed it first',
    given: [summary(['reports', 'exports'], { id: 'evt_first' })],
    when: summary(['exports'], { id: 'evt_second', after: 60 }),
    then: {
      entitlements: [{ lookup_key: 'exports', stripe_event_id: 'evt_first' }],
      entitlement_summaries: [{ stripe_event_id: 'evt_second' }],
    },
  },
  {
    title: 'begins anew with an entitlement that was lost in between',
    given: [summary(['reports'], { id: 'evt_first' }), summary([], { after: 60 })],
    when: summary(['reports'], { id: 'evt_third', after: 120 }),
    then: { entitlements: [{ lookup_key: 'reports', stripe_event_id: 'evt_third' }] },
  },
  {
    title: 'loses nothing by a summary that shows not all, and says so',
    given: [summary(['reports', 'exports'], { id: 'evt_first' })],
    when: summary(['exports', 'alerts'], { id: 'evt_second', after: 60, hasMore: true }),
    then: {
      entitlements: [
        { lookup_key: 'reports', stripe_event_id: 'evt_first' },
        { lookup_key: 'exports', stripe_event_id: 'evt_first' },
        { lookup_key: 'alerts', stripe_event_id: 'evt_second' },
      ],
      entitlement_summaries: [{ has_all_entitlements: false, stripe_event_id: 'evt_second' }],
    },
  },
  {
    title: 'has what a summary of all lists, after one that showed not all',
    given: [summary(['reports']), summary(['exports'], { after: 60, hasMore: true })],
    when: summary(['exports'], { after: 120 }),
    then: { entitlements: [{ lookup_key: 'exports' }], entitlement_summaries: [{ has_all_entitlements: true }] },
  },
  ...[OLD, DAHLIA].map((apiVersion) => ({
    title: `leaves nothing to a customer deleted at ${apiVersion}`,
    given: [summary(['reports'], { apiVersion })],
    when: stripeEvent('customer.deleted', customer('cus_1'), { after: 60, apiVersion }),
    then: { entitlements: [], entitlement_summaries: [{ is_customer_deleted: true }] },
  })),
  {
    title: 'does not revive a deleted customer',
    given: [stripeEvent('customer.deleted', customer('cus_1'))],
    when: summary(['reports'], { after: 60 }),
    then: 'unchanged',
  },
  {
    title: 'does not take the end of a discount for that of the customer',
    given: [summary(['reports'])],
    when: stripeEvent(
      'customer.discount.deleted',
      { object: 'discount', customer: 'cus_1', coupon: { id: 'half' } },
      { after: 60 },
    ),
    then: 'unchanged',
  },
];
