import type { EventStore } from '../eventstore/event-store.js';
import type { Refusal } from '../stripe-api/refusals.js';
import type { StripeApi } from '../stripe-api/stripe-api.js';
import { readCoverage } from './coverage.js';

/** The connected accounts to watch besides the key's own: all that Stripe lists, or those named. */
export type ConnectedAccounts = 'all' | readonly string[];

const ACCOUNTS = { object: 'account', path: '/v1/accounts', expand: [] };

/** The ids of the accounts connected to the key's own, or Stripe's refusal. */
export async function listConnected(api: StripeApi): Promise<readonly string[] | Refusal> {
  const accounts: string[] = [];
  for await (const page of api.pages(ACCOUNTS, { account: null })) {
    if (page.kind !== 'page') return page;
    accounts.push(...page.items.map(({ id }) => id));
  }
  return accounts;
}

/**
 * Up to which second of Stripe's clock an account is covered (null: not yet), and whether Stripe listed events in its
 * last pass.
 */
export type Turn = Readonly<{ account: string; coveredTo: number | null; isBusy: boolean }>;

export async function turnOf(
  store: EventStore,
  { account, livemode }: Readonly<{ account: string; livemode: boolean }>,
): Promise<Turn> {
  const { last } = await readCoverage(store, { account, livemode });
  return { account, coveredTo: last?.to ?? null, isBusy: last?.kind === 'covered' && last.listed > 0 };
}

/** The factor by which an account that had events comes up more often. */
const BUSY = 10;

/**
 * The accounts in the order of their turns: longest wait first. Accounts never covered come before all, in the given
 * order. Pure.
 */
export const inTurn = (turns: readonly Turn[], now: number): readonly string[] =>
  turns
    .map(({ account, coveredTo, isBusy }) => ({
      account,
      waits: coveredTo === null ? Infinity : (now - coveredTo) * (isBusy ? BUSY : 1),
    }))
    .sort((a, b) => (a.waits === b.waits ? 0 : b.waits - a.waits))
    .map(({ account }) => account);
