import { describe, expect, it } from '@jest/globals';
import { accounts, type Account } from '../../derivations/journal/accounts.js';
import type { Entry } from '../../derivations/journal/entry.js';
import { customerMrr } from '../../derivations/mrr/movements.js';
import { defaultPolicy, type MoneyPolicy } from '../../derivations/policy.js';
import { seededRandom, type Random } from '../../simulator/random.js';
import { lives } from '../../simulator/simulator.js';
import type { Row } from '../../projections/projection.js';
import { booksOf, ledgerAfter, mrrOf, rowsIn, type Books, type Ledger } from '../support/money.js';

const LIVES = 60;
const FIRST = Number(process.env['SEED'] ?? 1);
const seeds = Array.from({ length: LIVES }, (_, place) => FIRST + place);

const balanceOf = (entries: readonly Entry[], name: Account): Map<string, number> => {
  const sums = new Map<string, number>();
  for (const { postings } of entries)
    for (const { name: of, currency, amountMinor } of postings)
      if (of === name) sums.set(currency, (sums.get(currency) ?? 0) + amountMinor);
  return sums;
};
const sumOf = (entries: readonly Entry[], name: Account): number =>
  [...balanceOf(entries, name).values()].reduce((a, b) => a + b, 0);
const shuffledBy = <T>(random: Random, rows: readonly T[]): T[] =>
  rows
    .map((row) => ({ row, by: random.integer(0, 2 ** 31) }))
    .sort((a, b) => a.by - b.by)
    .map(({ row }) => row);
const FAR = Date.UTC(2100, 0, 1) / 1000;

type Lived = Readonly<{ ledger: Ledger; books: Books; policy: MoneyPolicy }>;

type PassedRow = Row & Readonly<{ payment: string; amount_received_minor: number }>;

/** What takes of an invoice, and where it goes. */
const TAKES = ['refund-applied', 'dispute-applied', 'credit-note', 'void'];
const GOES_TO: readonly Account[] = [
  ...[accounts.unapplied, accounts.receivable, accounts.customerBalance, accounts.refundsPayable],
  accounts.externalCredit,
];

/** What holds of every life, as the list of what does not. */
const laws: Readonly<Record<string, (lived: Lived) => readonly string[]>> = {
  'ids of entries are unique': ({ books }) => {
    const ids = books.entries.map(({ id }) => id);
    return ids.filter((id, place) => ids.indexOf(id) !== place);
  },
  'what is receivable of an invoice is what remains to be paid while it is open, and else nothing': ({
    ledger,
    books,
  }) =>
    rowsIn<Row & { id: string }>(ledger, 'invoices').flatMap((invoice) => {
      const { entries } = books.byInvoice.get(invoice.id) ?? { entries: [] };
      const expected = invoice['status'] === 'open' ? Number(invoice['amount_remaining_minor']) : 0;
      const found = sumOf(entries, accounts.receivable);
      return found === expected ? [] : [`${invoice.id} ${String(invoice['status'])}: ${found}, not ${expected}`];
    }),
  'what is deferred of a line is earned or taken in the end': ({ books }) =>
    books.lines.flatMap((line) => {
      const posted = books.entries
        .flatMap(({ postings }) => postings)
        .filter((one) => one.line === line.id && one.name === accounts.deferred)
        .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
      const earned = line.schedules.reduce((sum, schedule) => sum + schedule.revenue(FAR), 0);
      return posted + earned === 0 ? [] : [`${line.id}: deferred ${posted}, earned ${earned}`];
    }),
  'the balance of a customer is what Stripe says': ({ ledger, books }) =>
    rowsIn<Row & { id: string }>(ledger, 'customers')
      .filter((customer) => customer['is_deleted'] === false && customer['currency'] !== null)
      .flatMap((customer) => {
        const found = balanceOf(books.entries, accounts.customerBalance).get(String(customer['currency'])) ?? 0;
        return found === customer['balance_minor']
          ? []
          : [`${customer.id}: ${found}, not ${String(customer['balance_minor'])}`];
      }),
  'what credit notes promised to refund was refunded': ({ books }) => {
    const left = sumOf(books.entries, accounts.refundsPayable);
    return left === 0 ? [] : [`${left} are still promised`];
  },
  'what payments brought and nobody took back is laid to invoices, and only payments that were not seen are missing': ({
    books,
  }) => {
    const unseen = books.entries.filter(({ id }) => id.startsWith('application:') && id.endsWith(':unknown'));
    const left = sumOf(books.entries, accounts.unapplied) - sumOf(unseen, accounts.unapplied);
    return left === 0 ? [] : [`${left} are laid to nothing`];
  },
  'what passed Stripe without its balance transaction is what was received, less what was refunded and paid out': ({
    ledger,
    books,
  }) => {
    const passed = new Map<string, number>();
    for (const row of rowsIn<PassedRow>(ledger, 'payments'))
      passed.set(row.payment, Math.max(passed.get(row.payment) ?? 0, row.amount_received_minor));
    const received = [...passed.values()].reduce((sum, amount) => sum + amount, 0);
    const refunded = rowsIn<Row & { amount_minor: number }>(ledger, 'refunds')
      .filter(({ status }) => status !== 'failed' && status !== 'canceled')
      .reduce((sum, refund) => sum + refund.amount_minor, 0);
    const payouts = rowsIn<Row & { amount_minor: number }>(ledger, 'milestones').filter(
      ({ kind }) => kind === 'payout',
    );
    const ofStage = (stage: string): number =>
      payouts.filter((row) => row['stage'] === stage).reduce((sum, row) => sum + row.amount_minor, 0);
    const expected = received - refunded - ofStage('created') + ofStage('failed');
    const found = sumOf(books.entries, accounts.clearing);
    return found === expected ? [] : [`${found}, not ${expected}`];
  },
  'the tax that is owed for an invoice is at most what it billed, all of it where nothing was taken, and nothing of a void one':
    ({ ledger, books }) =>
      rowsIn<Row & { id: string; tax_minor: number }>(ledger, 'invoices').flatMap((invoice) => {
        const { entries } = books.byInvoice.get(invoice.id) ?? { entries: [] };
        if (!entries.some(({ kind }) => kind === 'invoice')) return [];
        const owed = -sumOf(entries, accounts.tax);
        const isTaken = entries.some(({ kind }) => TAKES.includes(kind));
        const isBetween = Math.abs(owed) <= Math.abs(invoice.tax_minor) && owed * invoice.tax_minor >= 0;
        const isRight =
          isBetween && (isTaken || owed === invoice.tax_minor) && (invoice['status'] !== 'void' || owed === 0);
        return isRight ? [] : [`${invoice.id} ${String(invoice['status'])}: ${owed} of ${invoice.tax_minor}`];
      }),
  'nothing is lost but what was taken back beyond what was billed': ({ ledger, books }) =>
    rowsIn<Row & { id: string; total_minor: number }>(ledger, 'invoices').flatMap((invoice) => {
      const { entries } = books.byInvoice.get(invoice.id) ?? { entries: [] };
      const lost = sumOf(entries, accounts.lossesOther);
      const backMinor = entries
        .filter(({ kind }) => TAKES.includes(kind))
        .flatMap(({ postings }) => postings)
        .reduce(
          (sum, { name, amountMinor }) => (GOES_TO.includes(name) && amountMinor < 0 ? sum - amountMinor : sum),
          0,
        );
      return lost === 0 || backMinor > invoice.total_minor ? [] : [`${invoice.id}: ${lost}`];
    }),
};

describe('the books of simulated lives', () => {
  it.each(seeds)('hold the laws of double entry (seed %i)', (seed) => {
    const random = seededRandom(seed, 'money');
    for (const life of lives({ seed, subscriptions: 1, apiVersion: 'mixed', bank: seed % 2 === 0 })) {
      const ledger = ledgerAfter(life.events);
      for (const policy of [
        defaultPolicy,
        { ...defaultPolicy, recovery: 'reinstate', unbilled: 'off', discounts: 'contra' } as const,
      ]) {
        const books = booksOf(ledger, policy);
        const lived = { ledger, books, policy };
        expect(
          Object.entries(laws).flatMap(([law, check]) => check(lived).map((detail) => `${law}: ${detail}`)),
        ).toEqual([]);
        const shuffled = new Map(
          [...ledger].map(([table, rows]) => [table, table === 'subscription_terms' ? rows : shuffledBy(random, rows)]),
        );
        const byId = (entries: readonly Entry[]) => new Map(entries.map((entry) => [entry.id, entry]));
        expect(byId(booksOf(shuffled, policy).entries)).toEqual(byId(books.entries));
      }
    }
  });

  it.each(seeds)('have movements of MRR that add up (seed %i)', (seed) => {
    for (const life of lives({ seed, subscriptions: 1, apiVersion: 'mixed' })) {
      for (const { parts, items, terms } of mrrOf(ledgerAfter(life.events), defaultPolicy)) {
        const { movements, steps } = customerMrr(parts, defaultPolicy);
        const end = items.filter(({ until }) => until === null).reduce((sum, item) => sum + item.mrrMinor, 0);
        expect([terms[0]?.subscription, movements.at(-1)?.afterMinor ?? 0]).toEqual([terms[0]?.subscription, end]);
        expect(steps.every(({ mrrMinor }) => mrrMinor >= 0)).toBe(true);
        expect(movements.filter(({ kind }) => kind === 'new').length).toBeLessThanOrEqual(1);
      }
    }
  });
});
