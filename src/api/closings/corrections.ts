import { eventIdOf, eventIdOfSight } from '../../events/event-id.js';
import type { Whose } from '../../closings/closing.js';
import type { Queryable } from '../../read-models/database.js';
import { firstPositions } from '../../read-models/event-index.js';
import { monthAfter, monthStart } from '../books/query.js';
import { VIEWS } from '../books/views.js';
import { trialBalanceOfMonth } from '../trial-balance/trial-balance.js';
import type { FrozenBooks } from './frozen-books.js';

/** The balance of an account when its month was closed, and by what is known now. Minor units. */
export type CorrectedAccount = Readonly<{
  currency: string;
  name: string;
  closedMinor: number;
  nowMinor: number;
  changeMinor: number;
}>;

/** An entry of a closed month, or an earlier one, that became known after the closing. */
export type LateEntry = Readonly<{
  id: string;
  kind: string;
  effectiveAt: Date;
  object: string;
  book: string;
  invoice: string | null;
  customer: string | null;
  stripeEvent: string;
  /** The log position of its event. */
  position: string;
}>;

/** Returns the accounts whose balance at the end of a closed month would differ now. */
export async function correctedAccounts(
  connection: Queryable,
  { livemode, account, month, frozen }: Whose & Readonly<{ month: string; frozen: readonly FrozenBooks[] }>,
): Promise<readonly CorrectedAccount[]> {
  const asked = { livemode, account: account ?? '' };
  const all = new Map<string, { currency: string; name: string; closedMinor: number; nowMinor: number }>();
  for (const [field, view] of [['closedMinor', { ...asked, frozen }] as const, ['nowMinor', asked] as const])
    for (const { currency, accounts } of await trialBalanceOfMonth(connection, month, view))
      for (const { name, endMinor } of accounts) {
        const key = `${currency} ${name}`;
        all.set(key, { ...(all.get(key) ?? { currency, name, closedMinor: 0, nowMinor: 0 }), [field]: endMinor });
      }
  return [...all.values()]
    .filter(({ closedMinor, nowMinor }) => closedMinor !== nowMinor)
    .sort((one, other) => (`${one.currency} ${one.name}` < `${other.currency} ${other.name}` ? -1 : 1))
    .map((one) => ({ ...one, changeMinor: one.nowMinor - one.closedMinor }));
}

/** The most entries that one answer reads. */
const LOOKED_AT_MAX = 20_000;
const PAGE_ENTRIES = 2_000;

type Row = Omit<LateEntry, 'position'> & Readonly<{ at: string; apiVersion: string | null }>;
/** The last entry of the page before; the newest come first. */
export type EntryPlace = Readonly<{ at: string; id: string }>;

/**
 * Returns a page of the entries that a closed month lacks. The time at which an entry became known is only in the index
 * of events, so all entries up to the end of the month are checked, a bounded number per answer.
 */
export async function lateEntries(
  connection: Queryable,
  { livemode, account }: Whose,
  {
    month,
    zone,
    position,
    after,
    limit,
  }: Readonly<{ month: string; zone: string; position: bigint; after: EntryPlace | null; limit: number }>,
): Promise<Readonly<{ data: readonly LateEntry[]; next: EntryPlace | null }>> {
  const until = new Date(monthStart(monthAfter(month), zone) * 1000).toISOString();
  const data: LateEntry[] = [];
  let place = after ?? { at: until, id: '' };
  for (let looked = 0; looked < LOOKED_AT_MAX; looked += PAGE_ENTRIES) {
    const { rows } = await connection.query<Row>(
      `select id, kind, effective_at as "effectiveAt", effective_at::text as at, object, key as book, invoice, customer, stripe_event_id as "stripeEvent", api_version as "apiVersion"
       from ${VIEWS.entries} where coalesce(livemode, false) = $1 and coalesce(account, '') = $2 and (effective_at, id collate "C") < ($3::timestamptz, $4 collate "C")
       order by effective_at desc, id collate "C" desc limit ${PAGE_ENTRIES}`,
      [livemode, account ?? '', place.at, place.id],
    );
    const ids = rows.map(
      ({ stripeEvent, apiVersion }) => eventIdOfSight(stripeEvent) ?? eventIdOf(stripeEvent, apiVersion),
    );
    const positions = await firstPositions(connection, ids);
    for (const [at, { apiVersion: _, at: time, ...entry }] of rows.entries()) {
      const known = positions[at];
      place = { at: time, id: entry.id };
      if (known == null || known <= position) continue;
      data.push({ ...entry, position: String(known) });
      if (data.length === limit) return { data, next: place };
    }
    if (rows.length < PAGE_ENTRIES) return { data, next: null };
  }
  return { data, next: place };
}
