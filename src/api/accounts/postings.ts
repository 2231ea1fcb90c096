import { EARNED, RECOGNITION } from '../../../derivations/journal/moved.js';
import type { Queryable } from '../../read-models/database.js';
import { amountOf } from '../books/amounts.js';
import { VIEWS } from '../books/views.js';

/** An account of one currency, mode and Stripe account; '' is the own account. */
export type AskedAccount = Readonly<{ name: string; livemode: boolean; account: string; currency: string }>;
/** The end of a page: the time of its last posting in microseconds, its entry and number, and the balance after it. */
export type PostingPlace = Readonly<{ at: string; entry: string; no: number; balance: string }>;

/** A signed amount on an account, with the balance after it: minor units, positive is debit. */
export type AccountPosting = Readonly<{
  entry: string;
  no: number;
  kind: string;
  effectiveAt: Date;
  amountMinor: number;
  balanceMinor: number;
  line: string | null;
  object: string | null;
  invoice: string | null;
  customer: string | null;
  stripeEvent: string | null;
}>;

type Row = Omit<AccountPosting, 'amountMinor' | 'balanceMinor'> & Readonly<{ at: string; amount: bigint }>;

/**
 * Returns the postings of an account in an inclusive range of months, the oldest first. Revenue earned in a month has
 * no entry; it appears as one posting per line, in the month's last second, so that the postings add up to the trial
 * balance.
 */
export async function postingsOf(
  connection: Queryable,
  { name, livemode, account, currency }: AskedAccount,
  {
    from,
    to,
    zone,
    after,
    limit,
  }: Readonly<{ from: string; to: string; zone: string; after: PostingPlace; limit: number }>,
): Promise<Readonly<{ data: readonly AccountPosting[]; next: PostingPlace | null }>> {
  const earned = EARNED[name];
  const micros = (time: string): string => `(extract(epoch from ${time}) * 1000000)::int8`;
  const of = (alias: string): string =>
    `coalesce(${alias}.livemode, false) = $1 and coalesce(${alias}.account, '') = $2 and ${alias}.currency = $3`;
  const place = `(at, entry collate "C", no) > ($7::int8, $8 collate "C", $9::int4) order by at, entry collate "C", no limit $10`;
  const posted = `select * from (select ${micros('p.effective_at')} as at, p.entry, p.no::int4, e.kind, p.effective_at as "effectiveAt", p.amount_minor as amount, p.line, e.object, e.invoice,
      e.customer, e.stripe_event_id as "stripeEvent" from ${VIEWS.postings} p join ${VIEWS.entries} e on e.id = p.entry
      where p.name = $4 and p.month between $5 and $6 and ${of('p')}) as posted where ${place}`;
  const months =
    earned === undefined
      ? []
      : [
          `select * from (select ${micros('ends')} as at, ${RECOGNITION} as entry, 1 as no,
             'recognition' as kind, ends as "effectiveAt", amount, line, line as object, invoice, customer,
             (select e.stripe_event_id from ${VIEWS.entries} e where e.id = 'invoice:' || own.invoice) as "stripeEvent"
           from (select *, ${earned.amount} as amount, ((month || '-01')::timestamp + interval '1 month') at time zone $11 - interval '1 second' as ends
             from ${VIEWS.revenue} r where month between $5 and $6 and ${earned.where} and ${of('r')}) as own) as earned where amount <> 0 and ${place}`,
        ];
  const { rows } = await connection.query<Row>(
    `select * from (${[posted, ...months].map((one) => `(${one})`).join(' union all ')}) as all_of_them order by at, entry collate "C", no limit $10`,
    [
      livemode,
      account,
      currency,
      name,
      from,
      to,
      after.at,
      after.entry,
      after.no,
      limit + 1,
      ...(earned === undefined ? [] : [zone]),
    ],
  );
  let balance = BigInt(after.balance);
  const page = rows.slice(0, limit).map(({ at: _, amount, ...posting }) => {
    balance += BigInt(amount);
    return { ...posting, amountMinor: amountOf(amount), balanceMinor: amountOf(balance) };
  });
  const last = rows[limit - 1];
  return {
    data: page,
    next:
      rows.length > limit && last !== undefined
        ? { at: String(last.at), entry: last.entry, no: last.no, balance: String(balance) }
        : null,
  };
}
