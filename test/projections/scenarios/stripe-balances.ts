import { DAHLIA, OLD, stripeEvent } from '../../support/stripe-objects.js';
import type { Scenario } from './scenario.js';

const balance = (apiVersion: string, id: string, fields: object, after = 0) =>
  stripeEvent('balance.available', { object: 'balance', livemode: false, ...fields }, { id, apiVersion, after });
const amount = (minor: number, currency = 'usd') => ({ amount: minor, currency, source_types: { card: minor } });
const first = { available: [amount(4000)], pending: [amount(5680), amount(900, 'eur')] };
const rows = [
  { event: 'evt_1', currency: 'usd', available_minor: 4000, pending_minor: 5680, reserved_minor: 0 },
  { event: 'evt_1', currency: 'eur', available_minor: 0, pending_minor: 900, reserved_minor: 0 },
];

export const stripeBalancesScenarios: readonly Scenario[] = [
  ...[OLD, DAHLIA].map((apiVersion) => ({
    title: `has what is available and pending in each currency (${apiVersion})`,
    given: [],
    when: balance(apiVersion, 'evt_1', first),
    then: { stripe_balances: rows },
  })),
  {
    title: 'keeps each: what was in the balance then is not undone',
    given: [balance(DAHLIA, 'evt_1', first)],
    when: balance(DAHLIA, 'evt_2', { available: [amount(0)], pending: [], connect_reserved: [amount(50)] }, 60),
    then: {
      stripe_balances: [
        ...rows,
        { event: 'evt_2', currency: 'usd', available_minor: 0, pending_minor: 0, reserved_minor: 50 },
      ],
    },
  },
];
