import type { EventStore } from '../eventstore/event-store.js';
import type { Refusal } from '../stripe-api/refusals.js';
import type { StripeApi } from '../stripe-api/stripe-api.js';
import { readCoverage } from './coverage.js';

/** The connected accounts to watch besides the key's own: all that Stripe lists, or those named. */
export type ConnectedAccounts = 'all' | readonly string[];

const PAGE = 100;
const refusedList: Refusal = {
  ...({ kind: 'refused', status: 200, code: 'unreadable', param: null } as const),
  message: 'Stripe reports more connected accounts but does not list them.',
};

/** The ids of the accounts connected to the key's own, or Stripe's refusal. */
export async function listConnected(api: StripeApi): Promise<readonly string[] | Refusal> {
  const accounts: string[] = [];
  for (let after: string | null = null; ;) {
    const reply: Awaited<ReturnType<StripeApi['ask']>> = await api.ask({
      ...({ resource: 'account', operation: 'list', path: '/v1/accounts', account: null } as const),
      params: { limit: String(PAGE), ...(after === null ? {} : { starting_after: after }) },
    });
    if (reply.kind !== 'answered') return reply;
    const { data, has_more: hasMore } = reply.value as { data?: readonly { id?: unknown }[]; has_more?: unknown };
    const ids = (data ?? []).flatMap(({ id }) => (typeof id === 'string' ? [id] : []));
    accounts.push(...ids);
    const last = ids.at(-1) ?? null;
    if (hasMore !== true) return accounts;
    // Otherwise an account that Stripe omits would count as not connected.
    if (last === null || last === after) return refusedList;
    after = last;
  }
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
