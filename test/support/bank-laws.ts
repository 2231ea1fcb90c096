import { accounts } from '../../derivations/journal/accounts.js';
import { defaultPolicy } from '../../derivations/policy.js';
import { simulatedAccount } from '../../simulator/account.js';
import type { Bank } from '../../simulator/bank/bank.js';
import { bankEvents } from '../../simulator/bank/events.js';
import type { BalanceTransaction } from '../../simulator/bank/transactions.js';
import { deliveries } from '../../simulator/deliveries.js';
import { seededRandom } from '../../simulator/random.js';
import { balanceTransactionShape } from '../../simulator/shapes/bank.js';
import { lives, type SimulatedEvent, type SimulatedLife } from '../../simulator/simulator.js';
import { bankOfLife, differencesOf } from './bank.js';
import { booksOf, ledgerAfter, type Books } from './money.js';
import { policiesOf, type MoneyViolation } from './money-laws.js';

const AGREES = 'the books of the bank agree every day, whatever comes twice, late or never in order';
const ADDS_UP = 'what went out with a payout adds up to it';
export const bankLawNames = [AGREES, ADDS_UP];

const lifeOf = (seed: number): SimulatedLife => {
  const [life] = lives({ seed, subscriptions: 1, apiVersion: 'mixed', bank: true });
  if (life === undefined) throw new Error(`Seed ${seed} has no life.`);
  return life;
};

/** A transaction as Stripe's API returns it, as an event of the ledger. */
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

/**
 * Postings that depend on the policy rather than on moved money: pending payments, and payments that are revenue until
 * an invoice has them.
 */
const OF_POLICY = /^(pending|pending-ended|(\w+-)?standalone(-\w+)?)$/;

/**
 * Simulates the life of a seed with a bank that keeps its own books. Returns the differences of the journal from them,
 * under several policies.
 */
export function bankViolationsOf(seed: number): MoneyViolation[] {
  const life = lifeOf(seed);
  const bank = bankOfLife(life);
  const account = simulatedAccount({ seed, livemode: false, openedAt: 0 });
  // Not every transaction has been observed yet; disputes include theirs.
  const random = seededRandom(seed, 'observed');
  const share = random.pick([0, 0.7, 1]);
  const observed = bank.transactions.filter(() => random.chance(share));
  const told = [...life.events, ...bankEvents(account, '2026-03-25.dahlia', bank), ...observed.map(observationOf)];
  const arriving = deliveries(told, { seed, duplicateRate: 0.3, reorderWindow: random.pick([0, 5, 50, 1_000]) });
  const ledger = ledgerAfter([...new Set([...arriving].map(({ event }) => event))]);
  const known = new Set([
    ...observed.map(({ id }) => id),
    ...life.ledger.movements.flatMap((one) => (one.kind.startsWith('dispute') ? [one.transaction] : [])),
  ]);
  const kept = [
    ...life.ledger.postings,
    ...bank.paidOut.postings,
    ...bank.settled.postings.filter(({ of }) => known.has(of)),
  ];
  return policiesOf(seed, random).flatMap((own) => {
    const books = booksOf(ledger, { ...defaultPolicy, ...own });
    const invoiceOf = new Map(
      [...books.byInvoice].flatMap(([invoice, book]) => book.entries.map(({ id }) => [id, invoice] as const)),
    );
    const moved = books.entries
      .filter(({ kind }) => !OF_POLICY.test(kind))
      .map((entry) => ({ entry, invoice: invoiceOf.get(entry.id) ?? null }));
    const violation = (law: string) => (detail: string) => ({ seed, law, detail: `${JSON.stringify(own)} ${detail}` });
    return [
      ...differencesOf(life, kept, moved).map(violation(AGREES)),
      ...wrongPayouts(books, bank, known).map(violation(ADDS_UP)),
    ];
  });
}

/** Fully observed payouts whose settlements do not add up to what left the balance. */
function wrongPayouts({ entries }: Books, { payouts }: Bank, known: ReadonlySet<string>): string[] {
  const netOf = new Map(
    entries
      .filter(({ kind }) => kind === 'settlement')
      .map(({ object, postings }) => [
        object,
        postings.reduce((sum, { name, amountMinor }) => sum + (name === accounts.balance ? amountMinor : 0), 0),
      ]),
  );
  const net = (id: string): number => netOf.get(id) ?? 0;
  return payouts
    .filter(({ of, transaction }) => [...of, transaction].every((id) => known.has(id)))
    .flatMap(({ id, of, transaction, amountMinor }) => {
      const sum = [...of].reduce((all, one) => all + net(one), 0);
      return sum === amountMinor && net(transaction) === -amountMinor
        ? []
        : [`${id}: ${sum} in, ${net(transaction)} out, of ${amountMinor}`];
    });
}
