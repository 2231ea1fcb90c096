import type { MoneyPolicy } from '../policy.js';
import { earnedBy } from '../revenue/earned.js';
import { Schedule } from '../revenue/schedule.js';
import { secondOf, secondOrNull } from '../time.js';
import { accounts } from './accounts.js';
import { entry, posting, type Entry } from './entry.js';
import type { InvoiceItemRow } from './facts.js';
import { BookLine } from './lines.js';

/** The book of an invoice item that no finalised invoice has billed: it is earned already, and not receivable yet. */
export function itemBook(item: InvoiceItemRow, policy: MoneyPolicy): { entries: Entry[]; lines: BookLine[] } {
  if (policy.unbilled === 'off' || item.created_at === null) return { entries: [], lines: [] };
  const at = secondOf(item.created_at);
  const [start, end] = [secondOrNull(item.period_start), secondOrNull(item.period_end)];
  const service = start === null || end === null ? null : { start, end };
  const schedule = new Schedule(service, at, at, item.amount_minor, earnedBy(policy));
  const line = new BookLine(item.id, item.amount_minor, 0, item, null, schedule, null);
  const entries = [...itemEntry(item, at, item.id), ...deletedEntry(item, line)];
  return { entries, lines: [line] };
}

/** Books an item at its creation. */
export function itemEntry(item: InvoiceItemRow, effectiveAt: number, line: string): Entry[] {
  const made = entry({ kind: 'item', object: item.id, effectiveAt, cause: item }, [
    posting(accounts.unbilled, item.currency, item.amount_minor, line),
    posting(accounts.deferred, item.currency, -item.amount_minor, line),
  ]);
  return made === null ? [] : [made];
}

function deletedEntry(item: InvoiceItemRow, line: BookLine): Entry[] {
  if (item.deleted === null) return [];
  const effectiveAt = Math.max(secondOf(item.deleted.at), line.schedule.bookedAt);
  const { contraMinor, cutMinor } = line.take(line.grossLeftMinor, effectiveAt, null);
  const made = entry({ kind: 'item-deleted', object: item.id, effectiveAt, cause: item.deleted }, [
    posting(accounts.unbilledVoids, item.currency, contraMinor, item.id),
    posting(accounts.deferred, item.currency, cutMinor, item.id),
    posting(accounts.unbilled, item.currency, -contraMinor - cutMinor, item.id),
  ]);
  return made === null ? [] : [made];
}
