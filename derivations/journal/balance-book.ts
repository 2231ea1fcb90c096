import { secondOf } from '../time.js';
import { accounts } from './accounts.js';
import { entry, posting, type Entry } from './entry.js';
import type { MilestoneRow } from './facts.js';

/** The balance of a customer in one currency. */
export type CustomerBalanceFacts = Readonly<{
  customer: string;
  currency: string;
  /** The customer's milestones `opening` and `balance`. */
  changes: readonly MilestoneRow[];
  /** Changes by invoices and credit notes. */
  explained: readonly Explained[];
}>;
/** `id` names the object, its stage and the ordinal. */
type Explained = Readonly<{ id: string; at: string; amount_minor: number }>;

const isBalance = ({ stage }: MilestoneRow): number => Number(stage === 'balance');

/** An invoice or credit note that arrives later may explain the change; the entry then disappears. */
const UNEXPLAINED = 'nothing that is known explains it';

/** The longest time between the event of a balance change and its cause. */
const AN_HOUR = 3_600;

/**
 * Entries for balance changes that no invoice or credit note explains, since Stripe sends no events of customer balance
 * transactions. Each change carries the whole balance; it is explained when the causes until then, give or take an
 * hour, add up to that balance.
 */
export function balanceBook({ customer, currency, changes, explained }: CustomerBalanceFacts): readonly Entry[] {
  const causes = [...explained].sort((a, b) => secondOf(a.at) - secondOf(b.at) || (a.id < b.id ? -1 : 1));
  // One event may carry both the balance before the change and after it.
  const inOrder = [...changes].sort(
    (a, b) => secondOf(a.at) - secondOf(b.at) || isBalance(a) - isBalance(b) || a.ordinal - b.ordinal,
  );
  const entries: Entry[] = [];
  let [booked, next, byHandMinor] = [0, 0, 0];
  for (const row of inOrder) {
    const at = secondOf(row.at);
    let [best, place, sum] = [null as { place: number; sum: number } | null, next, booked];
    // Searches for causes that explain the balance: all from before the hour, and as few later ones as possible.
    for (;;) {
      const cause = causes[place];
      const causeAt = cause === undefined ? Infinity : secondOf(cause.at);
      if (causeAt > at - AN_HOUR && row.cumulative_minor === sum + byHandMinor) best = { place, sum };
      if (best !== null || cause === undefined || causeAt > at + AN_HOUR) break;
      [place, sum] = [place + 1, sum + cause.amount_minor];
    }
    // Without them, the causes until the change count, and the difference is booked.
    if (best === null) {
      [place, sum] = [next, booked];
      for (let cause = causes[place]; cause !== undefined && secondOf(cause.at) <= at; cause = causes[place])
        [place, sum] = [place + 1, sum + cause.amount_minor];
      best = { place, sum };
    }
    [next, booked] = [best.place, best.sum];
    const amountMinor = row.cumulative_minor - booked - byHandMinor;
    byHandMinor += amountMinor;
    const counter = row.stage === 'opening' ? accounts.opening : accounts.balanceAdjustments;
    const object = `${customer}:${row.stripe_event_id}${row.stage === 'opening' ? ':opening' : ''}`;
    const made = entry({ kind: 'balance', object, effectiveAt: at, inference: UNEXPLAINED, cause: row }, [
      posting(accounts.customerBalance, currency, amountMinor),
      posting(counter, currency, -amountMinor),
    ]);
    if (made !== null) entries.push(made);
  }
  return entries;
}
