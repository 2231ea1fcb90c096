import { accounts } from '../../derivations/journal/accounts.js';
import type { Entry } from '../../derivations/journal/entry.js';
import type { LedgerAccount, Posting } from '../../simulator/bank/ledger.js';
import type { SimulatedLife } from '../../simulator/simulator.js';
import { bankOf, type Bank } from '../../simulator/bank/bank.js';
import { DAY } from '../../simulator/calendar.js';

/** The bank of a single life, as if it were the account's only customer. */
export const bankOfLife = ({ customer, ledger }: SimulatedLife): Bank => bankOf(customer, ledger.movements);

/** A movement in either set of books. */
export type Stood = Readonly<{ at: number; under: string; amountMinor: number }>;

/**
 * Accounts on which the simulator's books and the journal must agree, by both names, and whether invoice by invoice.
 */
type Same = Readonly<{ ledger: readonly LedgerAccount[]; names: readonly string[]; byInvoice?: true }>;
const SAME: readonly Same[] = [
  { ledger: ['receivable'], names: [accounts.receivable], byInvoice: true },
  { ledger: ['credit'], names: [accounts.customerBalance] },
  { ledger: ['moving'], names: [accounts.clearing] },
  { ledger: ['balance'], names: [accounts.balance] },
  { ledger: ['fees'], names: [accounts.feesStripe, accounts.feesDispute, accounts.feesTax] },
  { ledger: ['exchange'], names: [accounts.conversion] },
  { ledger: ['onTheWay'], names: [accounts.inTransit] },
  { ledger: ['atBank'], names: [accounts.bank] },
];

/** From 2025-03-31.basil until 2026-05-27.dahlia, no event tells that an invoice was paid outside Stripe. */
const PAID: Readonly<Record<'told' | 'untold', readonly Same[]>> = {
  told: [
    { ledger: ['loose'], names: [accounts.unapplied] },
    { ledger: ['outside'], names: [accounts.external] },
  ],
  untold: [{ ledger: ['loose', 'outside'], names: [accounts.unapplied, accounts.external] }],
};

/** The differences between the simulator's books and the journal at each midnight, or at the end. */
export function differencesOf(
  life: SimulatedLife,
  kept: readonly Posting[],
  journal: readonly Readonly<{ entry: Entry; invoice: string | null }>[],
): string[] {
  const { api_version: version } = (life.events[0] as SimulatedLife['events'][number]).stripeEvent;
  // Under a test clock, payments run on another time than their invoices.
  const isClocked = life.events.some(({ stripeEvent }) => stripeEvent.type.startsWith('test_helpers'));
  const ended = (stood: readonly Stood[]): readonly Stood[] => stood.map((one) => ({ ...one, at: 0 }));
  return [...SAME, ...PAID[version < '2025-03-31' ? 'told' : 'untold']].flatMap(({ ledger, names, byInvoice }) => {
    const expected = kept
      .filter(({ account }) => ledger.includes(account))
      .map(({ at, of, currency, amountMinor }) => ({
        at,
        under: byInvoice ? `${of} ${currency}` : currency,
        amountMinor,
      }));
    const found = journal.flatMap(({ entry: { effectiveAt: at, postings }, invoice }) =>
      postings
        .filter(({ name }) => names.includes(name))
        .map(({ currency, amountMinor }) => ({
          at,
          under: byInvoice ? `${String(invoice)} ${currency}` : currency,
          amountMinor,
        })),
    );
    const days = isClocked && ledger.includes('loose') ? [ended(expected), ended(found)] : [expected, found];
    return wrongDays(days[0] ?? [], days[1] ?? []).map((difference) => `${ledger.join(' and ')} ${difference}`);
  });
}

function wrongDays(expected: readonly Stood[], found: readonly Stood[]): string[] {
  const left = new Map<string, Map<number, number>>();
  const add = ({ at, under }: Stood, amountMinor: number): void => {
    const days = left.get(under) ?? new Map<number, number>();
    const day = Math.floor(at / DAY);
    left.set(under, days.set(day, (days.get(day) ?? 0) + amountMinor));
  };
  for (const one of expected) add(one, one.amountMinor);
  for (const one of found) add(one, -one.amountMinor);
  return [...left].flatMap(([under, days]) =>
    [...days]
      .filter(([, rest]) => rest !== 0)
      .sort(([a], [b]) => a - b)
      .slice(0, 2)
      .map(
        ([day, rest]) => `${under} on ${new Date(day * DAY * 1_000).toISOString().slice(0, 10)}: ${rest} too little`,
      ),
  );
}
