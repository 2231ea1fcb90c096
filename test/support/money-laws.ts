import { isDeepStrictEqual } from 'node:util';
import { accounts, type Account } from '../../derivations/journal/accounts.js';
import type { Entry } from '../../derivations/journal/entry.js';
import type { CreditNoteRow } from '../../derivations/journal/facts.js';
import { customerMrr } from '../../derivations/mrr/movements.js';
import { defaultPolicy, policyChoices, type MoneyPolicy } from '../../derivations/policy.js';
import type { Schedule } from '../../derivations/revenue/schedule.js';
import type { Row } from '../../projections/projection.js';
import { seededRandom, type Random } from '../../simulator/random.js';
import { lives, type SimulatedEvent } from '../../simulator/simulator.js';
import { booksOf, ledgerAfter, mrrOf, rowsIn, type Books, type Ledger } from './money.js';

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
/** The amount of these is whatever is due at that time, so it depends on earlier payments. */
const OF_WHAT_IS_DUE = ['void', 'uncollectible', 'recovered'];
const TAKING = /^(credit-note|refund-|dispute-)/;
const TAKEN_FROM = /^(Income:|Expenses:Losses:|Liabilities:(Deferred|Tax)$)/;

/**
 * The amounts of an entry by account and currency. Three things may differ once more is known: the unbilled part of an
 * invoice, whether an overpayment is booked on the invoice or on the payments, and how a reduction of an invoice is
 * split, which depends on earlier reductions.
 */
function movesOf({ kind, postings }: Entry, { isInOrder }: Part): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { name, currency, amountMinor } of postings) {
    const isEarlier = name === accounts.unbilled && kind === 'invoice';
    const isPaid = name === accounts.unapplied && kind === 'overpaid';
    const isTaken = !isInOrder && TAKING.test(kind) && TAKEN_FROM.test(name);
    const under = isEarlier ? accounts.deferred : isPaid ? accounts.receivable : isTaken ? 'taken' : name;
    const key = `${under} ${currency}`;
    sums.set(key, (sums.get(key) ?? 0) + amountMinor);
  }
  return new Map([...sums].filter(([, amount]) => amount !== 0).sort(([a], [b]) => (a < b ? -1 : 1)));
}
const FAR = Date.UTC(2100, 0, 1) / 1000;

/** A life under one policy: its final books, and its books at earlier quiet moments. */
type Lived = Readonly<{
  ledger: Ledger;
  books: Books;
  policy: MoneyPolicy;
  before: readonly Known[];
  part: Part;
  /** What the simulator left unapplied, negative. */
  looseMinor: number;
}>;
/** The books from only some of the events: the first ones, or any. */
type Part = Readonly<{ books: Books; isInOrder: boolean }>;
/** What was known after a quiet time, when all events until then had arrived. */
type Known = Readonly<{ ledger: Ledger; books: Books }>;

type PassedRow = Row & Readonly<{ payment: string; amount_received_minor: number }>;

/** Entries that reduce an invoice, and the accounts that receive the amount. */
const TAKES = ['refund-applied', 'dispute-applied', 'credit-note', 'void'];
const GOES_TO: readonly Account[] = [
  ...[accounts.unapplied, accounts.receivable, accounts.customerBalance, accounts.refundsPayable],
  accounts.externalCredit,
];

/** The laws of every life under every policy. Each returns its violations. */
const laws: Readonly<Record<string, (lived: Lived) => readonly string[]>> = {
  'ids of entries are unique': ({ books }) => {
    const ids = books.entries.map(({ id }) => id);
    return ids.filter((id, place) => ids.indexOf(id) !== place);
  },
  'an invoice’s receivable is its remaining amount while it is open, and otherwise zero, at every quiet moment': ({
    ledger,
    books,
    before,
  }) => [...before, { ledger, books }].flatMap(wrongReceivables),
  'a line’s deferred amount is earned or reduced to zero in the end': ({ books }) =>
    books.lines.flatMap((line) => {
      const posted = books.entries
        .flatMap(({ postings }) => postings)
        .filter((one) => one.line === line.id && one.name === accounts.deferred)
        .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
      const earned = line.schedules.reduce(
        (sum, schedule) => sum + schedule.revenue(FAR) - unbilledOf(schedule, FAR),
        0,
      );
      return posted + earned === 0 ? [] : [`${line.id}: deferred ${posted}, earned ${earned}`];
    }),
  'a line’s deferred amount never has the sign of its revenue, and is zero after its end': ({ books }) =>
    books.lines.flatMap((line) => {
      const posted = books.entries.flatMap(({ effectiveAt, postings }) =>
        postings
          .filter((one) => one.line === line.id && one.name === accounts.deferred)
          .map(({ amountMinor }) => ({ effectiveAt, amountMinor })),
      );
      const { schedule } = line;
      const from = Math.max(schedule.bookedAt, schedule.service?.start ?? 0);
      const moments = [0, 1, 2, 3, 4].map(
        (part) => from + Math.floor((part * Math.max(0, schedule.endsAt - from)) / 4),
      );
      return moments.flatMap((moment) => {
        const billed = posted.reduce((sum, one) => (one.effectiveAt < moment ? sum + one.amountMinor : sum), 0);
        const isWhole = posted.every(({ effectiveAt }) => effectiveAt < moment);
        const earned = line.schedules.reduce((sum, one) => sum + one.revenue(moment) - unbilledOf(one, moment), 0);
        const left = billed + earned;
        const isRight = left === 0 || (left < 0 === line.netMinor > 0 && (moment < schedule.endsAt || !isWhole));
        return isRight
          ? []
          : [`${line.id} of ${line.netMinor}: ${left} at ${moment}, which ends at ${schedule.endsAt}`];
      });
    }),
  'a further event removes no entry that was read, and changes neither its time nor its amounts': ({
    ledger,
    books,
    part,
  }) => {
    const now = new Map(books.entries.map((one) => [one.id, one]));
    const named = new Set(rowsIn<CreditNoteRow>(ledger, 'credit_notes').flatMap(({ refunds }) => refunds));
    const isNamed = ({ kind, object }: Entry): boolean =>
      kind === 'refund-applied' && [...named].some(({ refund }) => object.split(':')[0] === refund);
    return part.books.entries
      .filter(({ inference }) => inference === null)
      .flatMap((was) => {
        const is = now.get(was.id);
        if (is === undefined) return [`${was.id} is gone`];
        if (is.effectiveAt !== was.effectiveAt) return [`${was.id} is at ${is.effectiveAt}, not ${was.effectiveAt}`];
        // A credit note that names a refund determines what the refund is for.
        if (isNamed(is) || (!part.isInOrder && OF_WHAT_IS_DUE.includes(is.kind))) return [];
        const [moves, moved] = [movesOf(is, part), movesOf(was, part)];
        return isDeepStrictEqual(moves, moved)
          ? []
          : [`${was.id} moves ${JSON.stringify([...moves])}, not ${JSON.stringify([...moved])}`];
      });
  },
  'unbilled amounts belong to items that no invoice has': ({ ledger, books, policy }) => {
    const taken = new Set(rowsIn<Row>(ledger, 'invoice_lines').map((line) => line['invoice_item']));
    const waiting = rowsIn<Row & { id: string; amount_minor: number }>(ledger, 'invoice_items').filter(
      ({ id, is_deleted: isDeleted }) => !taken.has(id) && isDeleted !== true,
    );
    const expected = policy.unbilled === 'off' ? 0 : waiting.reduce((sum, item) => sum + item.amount_minor, 0);
    const early = books.lines.flatMap(({ schedules }) => schedules.map((schedule) => unbilledOf(schedule, FAR)));
    const found = early.reduce((sum, amount) => sum + amount, sumOf(books.entries, accounts.unbilled));
    return found === expected ? [] : [`${found}, not ${expected}`];
  },
  'the balance of a customer equals Stripe’s': ({ ledger, books }) =>
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
  'all money from payments that was not returned is applied to invoices, except what was detached, and only unseen payments are missing':
    ({ books, policy, looseMinor }) => {
      const unseen = books.entries.filter(({ id }) => id.startsWith('application:') && id.endsWith(':unknown'));
      const left = sumOf(books.entries, accounts.unapplied) - sumOf(unseen, accounts.unapplied);
      // Under that policy it is revenue, if an event reported the detachment.
      const isRight = policy.standalone === 'revenue' ? left <= 0 && left >= looseMinor : left === looseMinor;
      return isRight ? [] : [`${left} are laid to nothing, not ${looseMinor}`];
    },
  'amounts without a balance transaction equal what was received, less refunds and payouts': ({ ledger, books }) => {
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
  'the tax owed for an invoice is at most what it billed, all of it where nothing was reduced, and none for a void one':
    ({ ledger, books, policy }) =>
      rowsIn<Row & { id: string; tax_minor: number }>(ledger, 'invoices').flatMap((invoice) => {
        const { entries } = books.byInvoice.get(invoice.id) ?? { entries: [] };
        if (!entries.some(({ kind }) => kind === 'invoice')) return [];
        const owed = -sumOf(entries, accounts.tax);
        const isTaken = entries.some(
          ({ kind }) => TAKES.includes(kind) || (kind === 'uncollectible' && policy.uncollectibleTax === 'reverse'),
        );
        const isBetween = Math.abs(owed) <= Math.abs(invoice.tax_minor) && owed * invoice.tax_minor >= 0;
        const isRight =
          isBetween && (isTaken || owed === invoice.tax_minor) && (invoice['status'] !== 'void' || owed === 0);
        return isRight ? [] : [`${invoice.id} ${String(invoice['status'])}: ${owed} of ${invoice.tax_minor}`];
      }),
  'nothing is lost except what was returned beyond what was billed': ({ ledger, books }) =>
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

function wrongReceivables({ ledger, books }: Known): readonly string[] {
  return rowsIn<Row & { id: string }>(ledger, 'invoices').flatMap((invoice) => {
    const { entries } = books.byInvoice.get(invoice.id) ?? { entries: [] };
    const expected = invoice['status'] === 'open' ? Number(invoice['amount_remaining_minor']) : 0;
    const found = sumOf(entries, accounts.receivable);
    return found === expected ? [] : [`${invoice.id} ${String(invoice['status'])}: ${found}, not ${expected}`];
  });
}

/** What was earned before billing, in addition to what is deferred. */
const unbilledOf = (schedule: Schedule, moment: number): number =>
  schedule.earnsFrom < schedule.bookedAt ? schedule.revenue(Math.min(moment, schedule.bookedAt)) : 0;

/**
 * The policies that differ from the default in one field; `SPREADS` only move amounts in time and change no final sum.
 */
const FIELDS = (Object.keys(policyChoices) as (keyof typeof policyChoices)[]).filter((name) => !name.startsWith('mrr'));
const policies: readonly Partial<MoneyPolicy>[] = [
  ...FIELDS.flatMap((name) => policyChoices[name].slice(1).map((value) => ({ [name]: value }) as Partial<MoneyPolicy>)),
  { zone: 'America/New_York' },
];
const SPREADS: readonly (keyof MoneyPolicy)[] = ['unbilled', 'discounts', 'recognition', 'catchUp', 'zone', 'pending'];

/** The policies that a life is checked under: the default, one that differs in one field, and a mixture. */
export const policiesOf = (seed: number, random: Random): readonly Partial<MoneyPolicy>[] => [
  ...[{}, policies[seed % policies.length] ?? {}],
  mixedBy(random),
];

const mixedBy = (random: Random): Partial<MoneyPolicy> =>
  Object.fromEntries(Object.entries(policyChoices).map(([name, choices]) => [name, random.pick<string>(choices)]));

/** The final balance of all accounts. Everything below Income is one sum, together with what unbilled items earned. */
function endOf({ entries, lines }: Books): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  const add = (name: string, amountMinor: number): void => void sums.set(name, (sums.get(name) ?? 0) + amountMinor);
  for (const { postings } of entries)
    for (const { name, currency, amountMinor } of postings)
      add(`${isIncome(name) ? 'Income' : name} ${currency}`, amountMinor);
  for (const line of lines) {
    const currency = entries.flatMap(({ postings }) => postings).find((one) => one.line === line.id)?.currency;
    if (currency === undefined) continue;
    for (const schedule of line.schedules) {
      const [earned, unbilled] = [schedule.revenue(FAR), unbilledOf(schedule, FAR)];
      add(`Income ${currency}`, unbilled - earned);
      add(`${accounts.deferred} ${currency}`, earned - unbilled);
    }
  }
  return new Map([...sums].filter(([, amount]) => amount !== 0).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const isIncome = (name: Account): boolean => name.startsWith('Income:') || name === accounts.unbilled;

const QUIET_S = 6 * 3_600;

/** Prefixes of the events after which nothing happened for hours. */
function quietMoments(events: readonly SimulatedEvent[], random: Random): readonly (readonly SimulatedEvent[])[] {
  // Under a test clock, payments run on another time than invoices, so at no moment are both complete.
  if (events.some(({ stripeEvent }) => stripeEvent.type.startsWith('test_helpers'))) return [];
  const ends = events.flatMap(({ stripeEvent }, place) => {
    const next = events[place + 1];
    return next !== undefined && next.stripeEvent.created - stripeEvent.created > QUIET_S ? [place + 1] : [];
  });
  return ends.length === 0 ? [] : [events.slice(0, random.pick(ends))];
}

/** A law of money that the life of a seed broke, and the policy. */
export type MoneyViolation = Readonly<{ seed: number; law: string; detail: string }>;

export const moneyLawNames = [
  ...Object.keys(laws),
  'the order of the facts changes nothing',
  'the final balances do not depend on how amounts are spread',
  'movements of MRR add up, MRR is never negative, and a customer is new once',
  'every book balances',
];

/**
 * Simulates the life of a seed, and returns the laws of money it breaks under the default policy, one that differs in
 * one field, and a mixture.
 */
export function moneyViolationsOf(seed: number): MoneyViolation[] {
  const random = seededRandom(seed, 'money');
  const violations: MoneyViolation[] = [];
  const judgedBy = policiesOf(seed, random);
  for (const { events, ledger: kept } of lives({ seed, subscriptions: 1, apiVersion: 'mixed', bank: seed % 2 === 0 })) {
    const looseMinor = kept.postings.reduce((sum, one) => (one.account === 'loose' ? sum + one.amountMinor : sum), 0);
    const ledger = ledgerAfter(shuffledBy(random, [...events]));
    const isInOrder = random.chance(0.5);
    const share = random.pick([0.3, 0.6, 0.9]);
    const some = ledgerAfter(
      isInOrder ? events.slice(0, random.integer(1, events.length)) : events.filter(() => random.chance(share)),
    );
    const earlier = quietMoments(events, random).map((known) => ledgerAfter(known));
    for (const own of judgedBy) {
      const policy: MoneyPolicy = { ...defaultPolicy, ...own };
      const add = (law: string, detail: string): void =>
        void violations.push({ seed, law, detail: `${JSON.stringify(own)} ${detail}` });
      try {
        const books = booksOf(ledger, policy);
        const before = earlier.map((then) => ({ ledger: then, books: booksOf(then, policy) }));
        const lived = { ledger, books, policy, before, part: { books: booksOf(some, policy), isInOrder }, looseMinor };
        for (const [law, check] of Object.entries(laws)) for (const detail of check(lived)) add(law, detail);
        const found = new Map(
          [...ledger].map(([table, rows]) => [table, table === 'subscription_terms' ? rows : shuffledBy(random, rows)]),
        );
        if (!isDeepStrictEqual(byId(booksOf(found, policy)), byId(books)))
          add('the order of the facts changes nothing', 'entries differ');
        const plain = { ...policy, ...Object.fromEntries(SPREADS.map((name) => [name, defaultPolicy[name]])) };
        const [end, expected] = [endOf(books), endOf(booksOf(ledger, plain))];
        if (!isDeepStrictEqual(end, expected))
          add(
            'the final balances do not depend on how amounts are spread',
            `${JSON.stringify([...end])}, not ${JSON.stringify([...expected])}`,
          );
        for (const detail of wrongMrr(ledger, policy))
          add('movements of MRR add up, MRR is never negative, and a customer is new once', detail);
      } catch (error) {
        add('every book balances', error instanceof Error ? String(error.stack) : String(error));
      }
    }
  }
  return violations;
}

const byId = ({ entries }: Books): ReadonlyMap<string, Entry> => new Map(entries.map((one) => [one.id, one]));

const wrongMrr = (ledger: Ledger, policy: MoneyPolicy): readonly string[] =>
  mrrOf(ledger, policy).flatMap(({ subscription, parts, items }) => {
    const { movements, steps } = customerMrr(parts, policy);
    const end = items.filter(({ until }) => until === null).reduce((sum, item) => sum + item.mrrMinor, 0);
    const last = movements.at(-1)?.afterMinor ?? 0;
    return [
      ...(last === end ? [] : [`${subscription} ends at ${last}, not ${end}`]),
      ...(steps.every(({ mrrMinor }) => mrrMinor >= 0) ? [] : [`${subscription} is below nothing`]),
      ...(movements.filter(({ kind }) => kind === 'new').length <= 1 ? [] : [`${subscription} is new twice`]),
    ];
  });
