import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { defaultPolicy } from '../../derivations/policy.js';
import { simulatedAccount } from '../../simulator/account.js';
import { bankEvents } from '../../simulator/bank/events.js';
import type { BalanceTransaction } from '../../simulator/bank/transactions.js';
import { deliveries } from '../../simulator/deliveries.js';
import { seededRandom } from '../../simulator/random.js';
import { balanceTransactionShape } from '../../simulator/shapes/bank.js';
import { lives, type SimulatedEvent, type SimulatedLife } from '../../simulator/simulator.js';
import { bankOfLife, differencesOf } from '../support/bank.js';
import { booksOf, ledgerAfter } from '../support/money.js';

/** `LIVES=5000 npm test -- test/property/bank` plays more; `SEED=…` plays the same again. */
const LIVES = Number(process.env['LIVES'] ?? 40);
const SEED = process.env['SEED'] === undefined ? undefined : Number(process.env['SEED']);

const lifeOf = (seed: number): SimulatedLife => {
  const [life] = lives({ seed, subscriptions: 1, apiVersion: 'mixed', bank: true });
  if (life === undefined) throw new Error(`Seed ${seed} has no life.`);
  return life;
};

/** What Stripe's API shows of a transaction, as an event of the ledger. */
const observationOf = (transaction: BalanceTransaction): SimulatedEvent => ({
  stream: `balance_transaction-${transaction.id}`,
  stripeEvent: {
    id: `obs_${transaction.id}`,
    object: 'event',
    type: 'ledger.balance_transaction.observed',
    api_version: '2026-03-25.dahlia',
    created: transaction.createdAt + 60,
    livemode: false,
    pending_webhooks: 0,
    request: { id: null, idempotency_key: null },
    data: { object: balanceTransactionShape(transaction, 'available') },
  },
});

describe('the journal of a simulated life, and the bank’s own books', () => {
  it('agree every day, whatever comes twice, late or never in order', () => {
    const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
    const window = fc.constantFrom(0, 5, 50, 1_000);
    fc.assert(
      fc.property(seeds, window, (seed, reorderWindow) => {
        const life = lifeOf(seed);
        const bank = bankOfLife(life);
        const account = simulatedAccount({ seed, livemode: false, openedAt: 0 });
        // Some transactions were not looked at yet; disputes tell of theirs.
        const random = seededRandom(seed, 'observed');
        const share = random.pick([0, 0.7, 1]);
        const observed = bank.transactions.filter(() => random.chance(share));
        const told = [
          ...life.events,
          ...bankEvents(account, '2026-03-25.dahlia', bank),
          ...observed.map(observationOf),
        ];
        const arriving = [...deliveries(told, { seed, duplicateRate: 0.3, reorderWindow })];
        const ledger = ledgerAfter([...new Set(arriving.map(({ event }) => event))]);
        const { entries, byInvoice } = booksOf(ledger, defaultPolicy);
        const invoiceOf = new Map(
          [...byInvoice].flatMap(([invoice, book]) => book.entries.map(({ id }) => [id, invoice] as const)),
        );
        const known = new Set([
          ...observed.map(({ id }) => id),
          ...life.ledger.movements.flatMap((one) => (one.kind.startsWith('dispute') ? [one.transaction] : [])),
        ]);
        const kept = [
          ...life.ledger.postings,
          ...bank.paidOut.postings,
          ...bank.settled.postings.filter(({ of }) => known.has(of)),
        ];
        expect(
          differencesOf(
            life,
            kept,
            entries.map((entry) => ({ entry, invoice: invoiceOf.get(entry.id) ?? null })),
          ),
        ).toEqual([]);
      }),
      { numRuns: LIVES, ...(SEED === undefined ? {} : { seed: SEED }) },
    );
  }, 600_000);
});
