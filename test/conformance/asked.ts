import { expect } from '@jest/globals';
import type { JournalEntries, MrrMovements, TrialBalances } from '../../packages/client/src/openapi.js';
import { monthAfter } from '../../src/api/books/query.js';
import { read } from '../support/delivery.js';
import type { Told } from './told.js';

/** Stripe's account names with ours, and the normal side of each: 1 is debit. */
const STRIPE_ACCOUNTS: Readonly<Record<string, readonly [side: 1 | -1, ...names: string[]]>> = {
  Revenue: [-1, 'Income:Revenue'],
  PlatformFees: [-1, 'Income:PlatformFees'],
  Deferred: [-1, 'Liabilities:Deferred'],
  AR: [1, 'Assets:Receivable'],
  Unbilled: [1, 'Assets:Unbilled'],
  // What passed through Stripe, including its fees.
  Cash: [1, 'Assets:Stripe:Clearing', 'Assets:Stripe:Balance', 'Expenses:Fees:Stripe', 'Expenses:Fees:Dispute'],
  CashLessFees: [1, 'Assets:Stripe:Clearing', 'Assets:Stripe:Balance'],
  Fees: [1, 'Expenses:Fees:Stripe'],
  ExternalAsset: [1, 'Assets:External'],
  CustomerBalance: [-1, 'Liabilities:CustomerBalance'],
  ExternalCustomerBalance: [-1, 'Liabilities:ExternalCredit'],
  Tax: [-1, 'Liabilities:Tax'],
  Refunds: [1, 'Income:Contra:Refunds'],
  Disputes: [1, 'Income:Contra:Disputes'],
  CreditNotes: [1, 'Income:Contra:CreditNotes'],
  Voids: [1, 'Income:Contra:Voids'],
  BadDebt: [1, 'Income:Contra:BadDebt'],
  Transfer: [1, 'Income:Contra:Transfers'],
  Recoverables: [-1, 'Income:Recoveries'],
  OtherLoss: [1, 'Expenses:Losses:Other'],
  ConnectTransferLoss: [1, 'Expenses:Losses:Connect'],
};

/** The answers of the books of one example. */
export class Asked {
  constructor(
    private readonly url: string,
    private readonly position: string,
    readonly told: Told,
  ) {}

  async get<T>(path: string): Promise<T> {
    const fresh = `minPosition=${this.position}&waitMs=30000`;
    const { status, body } = await read<T>(this.url, `/v1${path}${path.includes('?') ? '&' : '?'}${fresh}`);
    expect({ path, status, body }).toMatchObject({ status: 200, body: { books: { parkedKeys: 0, parkedStreams: 0 } } });
    return body;
  }

  /** The monthly movements of accounts by Stripe's names, from the trial balance of each month. */
  async movements(names: readonly string[], first: string, months: number): Promise<Record<string, number[]>> {
    const { account } = this.told.whose;
    const balances = await Promise.all(
      Array.from({ length: months }, (_, place) =>
        this.get<TrialBalances>(`/trial-balance?account=${account}&month=${monthAfter(first, place)}`),
      ),
    );
    const moved = balances.map(({ data }) => {
      expect(data.map(({ sumMinor }) => sumMinor)).toEqual(data.map(() => 0));
      return new Map(
        data.flatMap(({ accounts }) => accounts.map((one) => [one.name, one.endMinor - one.startMinor] as const)),
      );
    });
    return Object.fromEntries(
      names.map((name) => {
        const [side, ...own] = STRIPE_ACCOUNTS[name] as (typeof STRIPE_ACCOUNTS)[string];
        return [name, moved.map((month) => side * own.reduce((sum, one) => sum + (month.get(one) ?? 0), 0) + 0)];
      }),
    );
  }

  /** The non-zero balances at the end of a month; names of balances in other currencies include the currency. */
  async balances(month: string): Promise<Record<string, number>> {
    const { data } = await this.get<TrialBalances>(`/trial-balance?account=${this.told.whose.account}&month=${month}`);
    return Object.fromEntries(
      data.flatMap(({ currency, accounts }) =>
        accounts
          .filter(({ endMinor }) => endMinor !== 0)
          .map(({ name, endMinor }) => [currency === 'usd' ? name : `${name} ${currency}`, endMinor]),
      ),
    );
  }

  /** All entries, oldest first, by the example's names. */
  async entries(): Promise<readonly EntryFound[]> {
    const path = `/journal?account=${this.told.whose.account}&order=effective&limit=200`;
    const { data } = await this.get<JournalEntries>(path);
    return data.map((entry) => ({
      id: this.told.named(entry.id),
      at: entry.effectiveAt.slice(0, 10),
      isInferred: entry.isInferred,
      postings: entry.postings.map(({ name, currency, amountMinor, line }) => ({
        ...{ name: currency === 'usd' ? name : `${name} ${currency}`, amountMinor },
        line: line === null ? null : this.told.named(line),
      })),
    }));
  }

  /** The sums of each entry by account. */
  async sums(): Promise<Record<string, Record<string, number>>> {
    return Object.fromEntries((await this.entries()).map(({ id, postings }) => [id, summed(postings)]));
  }

  /** The balances that entries alone leave; revenue earned over time has no entries. */
  async left(): Promise<Record<string, number>> {
    return summed((await this.entries()).flatMap(({ postings }) => postings));
  }

  /** Each MRR movement as `2026-01-01 new 3000`, oldest first. */
  async mrr(): Promise<string[]> {
    return (await this.mrrMovements()).map(
      ({ at, kind, amountMinor, currency }) =>
        `${at.slice(0, 10)} ${kind} ${amountMinor}${currency === 'usd' ? '' : ` ${currency}`}`,
    );
  }

  async mrrMovements(): Promise<MrrMovements['data']> {
    const path = `/mrr/movements?account=${this.told.whose.account}&limit=200`;
    return (await this.get<MrrMovements>(path)).data.toReversed();
  }
}

type EntryFound = Readonly<{
  id: string;
  at: string;
  isInferred: boolean;
  postings: readonly Readonly<{ name: string; amountMinor: number; line: string | null }>[];
}>;

const summed = (postings: EntryFound['postings']): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const { name, amountMinor } of postings) sums[name] = (sums[name] ?? 0) + amountMinor;
  return Object.fromEntries(Object.entries(sums).filter(([, sum]) => sum !== 0));
};
