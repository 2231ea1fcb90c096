import type { Queryable } from '../../read-models/database.js';
import { byScope, rateOf, type RateAnswer, type Scope } from '../books/amounts.js';
import { Parameters, scopeConditions, SCOPE_OF_ROW, type AskedScope } from '../books/query.js';
import { VIEWS } from '../books/views.js';

/** Trials that ended in a time, and those of them after which the subscription was worth something. */
export type Trials = Omit<Scope, 'currency'> &
  Readonly<{ currency: string | null; ended: number; converted: number; conversion: RateAnswer }>;

type Row = Omit<Scope, 'currency'> & Readonly<{ currency: string | null; ended: bigint; converted: bigint }>;

/** Trials with an end within [from, until), and MRR at most so many days after it. */
export async function trials(
  connection: Queryable,
  { from, until, withinDays, ...asked }: AskedScope & Readonly<{ from: Date; until: Date; withinDays: number }>,
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
