import type { Queryable } from '../../read-models/database.js';
import { byScope, rateOf, type RateAnswer, type Scope } from '../books/amounts.js';
import { Parameters, scopeConditions, SCOPE_OF_ROW, type AskedScope } from '../books/query.js';
import { VIEWS } from '../books/views.js';
import type { CursorPlace } from '../cursor.js';

/** Trials that ended in a period, and how many of them converted: the subscription then had MRR. */
export type Trials = Omit<Scope, 'currency'> &
  Readonly<{ currency: string | null; ended: number; converted: number; conversion: RateAnswer }>;

type Wanted = AskedScope & Readonly<{ from: Date; until: Date; withinDays: number }>;
type TrialsPage = Readonly<{ converted: boolean | undefined; after: CursorPlace | null; limit: number }>;
type Row = Omit<Scope, 'currency'> & Readonly<{ currency: string | null; ended: bigint; converted: bigint }>;

/** A trial that ended; `isConverted`: the subscription had MRR in time. */
export type Trial = Omit<Scope, 'currency'> &
  Readonly<{
    subscription: string;
    customer: string;
    currency: string | null;
    startedAt: Date;
    endedAt: Date;
    convertedAt: Date | null;
    isConverted: boolean;
  }>;

/** Returns a page of these trials, the last to end first. `converted`: only those that did, or did not. */
export async function trialsOf(
  connection: Queryable,
  { from, until, withinDays, converted, after, limit, ...asked }: Wanted & TrialsPage,
): Promise<Readonly<{ data: readonly Trial[]; next: CursorPlace | null }>> {
  const parameters = new Parameters();
  const isConverted = `coalesce(converted_at <= ended_at + ${parameters.add(withinDays)}::int * interval '1 day', false)`;
  const conditions = [
    `ended_at >= ${parameters.add(from)}`,
    `ended_at < ${parameters.add(until)}`,
    ...scopeConditions(asked, parameters, true),
    ...(converted === undefined ? [] : [`${isConverted} = ${parameters.add(converted)}`]),
    ...(after === null
      ? []
      : [`(ended_at, subscription) < (${parameters.add(after[0])}::timestamptz, ${parameters.add(after[1])})`]),
  ];
  const { rows } = await connection.query<Trial>(
    `select subscription, customer, ${SCOPE_OF_ROW}, started_at as "startedAt", ended_at as "endedAt", converted_at as "convertedAt", ${isConverted} as "isConverted"
     from ${VIEWS.trials} where ${conditions.join(' and ')} order by ended_at desc, subscription desc limit ${limit + 1}`,
    parameters.values,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    data: page,
    next: rows.length > limit && last !== undefined ? [last.endedAt.toISOString(), last.subscription] : null,
  };
}

/** Counts the trials that ended within [from, until), and those with MRR at most `withinDays` days later. */
export async function trials(
  connection: Queryable,
  { from, until, withinDays, ...asked }: Wanted,
): Promise<readonly Trials[]> {
  const parameters = new Parameters();
  const days = parameters.add(withinDays);
  const conditions = [
    `ended_at >= ${parameters.add(from)}`,
    `ended_at < ${parameters.add(until)}`,
    ...scopeConditions(asked, parameters, true),
  ];
  const { rows } = await connection.query<Row>(
    `select ${SCOPE_OF_ROW}, count(*) as ended, count(*) filter (where converted_at <= ended_at + ${days}::int * interval '1 day') as converted
     from ${VIEWS.trials} where ${conditions.join(' and ')} group by 1, 2, 3`,
    parameters.values,
  );
  return byScope(rows.map((row) => ({ ...row, currency: row.currency ?? '' }))).flatMap(({ rows: own }) =>
    own.map(({ livemode, account, currency, ...row }) => {
      const [ended, converted] = [Number(row.ended), Number(row.converted)];
      return {
        ...{ livemode, account, currency: currency === '' ? null : currency, ended, converted },
        conversion: rateOf(converted, ended),
      };
    }),
  );
}
