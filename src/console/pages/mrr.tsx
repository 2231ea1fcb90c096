import type { Mrr, MrrPeriod } from '../answers.js';
import { counted, plural } from '../operation-words.js';
import { page, type Frame, type Shown } from '../page.js';
import { Bars, Moves } from '../parts/charts.js';
import { Empty, Section, Table, Verdict } from '../parts/layout.js';
import {
  customersOf,
  Incomplete,
  MoneyPages,
  movementsOf,
  PeriodForm,
  scopeId,
  scopeIn,
  scopeText,
} from '../parts/money.js';
import { dayText, Figure, moneyText } from '../parts/text.js';

type Scoped = Mrr['data'][number];

const GAINS = ['openingMinor', 'newMinor', 'reactivationMinor', 'expansionMinor'] as const;
const LOSSES = ['contractionMinor', 'churnMinor'] as const;
const MOVES = [...GAINS, ...LOSSES];
const wordOf = (move: (typeof MOVES)[number]): string => move.replace('Minor', '');

function show(mrr: Mrr, { asked }: Frame): Shown {
  const unknown = mrr.data.reduce((sum, { unknownItems }) => sum + unknownItems, 0);
  return {
    title: 'MRR',
    nav: 'Money',
    main: (
      <>
        <MoneyPages at="MRR" />
        <h1>Monthly recurring revenue</h1>
        <PeriodForm action="/console/mrr" asked={asked.query} type="date">
          <label>
            By
            <select name="interval">
              {['month', 'week', 'day'].map((interval) => (
                <option key={interval} value={interval} selected={interval === asked.query['interval']}>
                  {interval}
                </option>
              ))}
            </select>
          </label>
        </PeriodForm>
        {mrr.data.length === 0 ? (
          <Empty>
            <p>There is no MRR yet. It starts with the first active subscription that has a price.</p>
          </Empty>
        ) : null}
        {mrr.data.map((scope) => (
          <Scope key={scopeId(scope)} of={scope} />
        ))}
        <Incomplete of={mrr}>
          {unknown === 0
            ? null
            : `the value of ${plural(unknown, 'item')} is unknown, for example for usage-based billing`}
        </Incomplete>
      </>
    ),
  };
}

/** Drops the leading periods without MRR or movements, except the last of them. */
function begun(periods: Scoped['periods']): Scoped['periods'] {
  const first = periods.findIndex((period) => period.mrrMinor !== 0 || MOVES.some((move) => period[move] !== 0));
  return periods.slice(first < 0 ? -1 : Math.max(0, first - 1));
}

function Scope({ of: { periods: all, ...scope } }: { of: Scoped }) {
  const periods = begun(all);
  const { currency } = scope;
  const last = periods.at(-1);
  const before = periods.at(-2);
  if (last === undefined) return null;
  const change = before === undefined ? 0 : last.mrrMinor - before.mrrMinor;
  const label = periods.map(({ end, mrrMinor }) => `${end} ${moneyText(mrrMinor, currency)}`).join(', ');
  return (
    <Section title={scopeText(scope)} id={scopeId(scope)}>
      <Verdict tone={change < 0 ? 'warn' : 'good'}>
        <p class="sentence">
          <strong>{moneyText(last.mrrMinor, currency)}</strong> on {dayText(last.end)}
          {before === undefined ? '' : `, ${signed(change, currency)} since ${dayText(before.end)}`}.
        </p>
        <p class="dim">
          {moneyText(last.annualMinor, currency)} a year, {plural(last.customers, 'customer')},{' '}
          {plural(last.subscribers, 'subscriber')}
        </p>
      </Verdict>
      <h3>At the end of each period</h3>
      <Bars
        label={`MRR: ${label}`}
        bars={periods.map(({ end, mrrMinor }) => ({
          label: end,
          parts: [{ kind: 'accent k0', count: Math.max(0, mrrMinor) }],
        }))}
      />
      <h3>Movements</h3>
      <Moves
        label="Gains above the line, losses below it; the table has the numbers"
        bars={periods.map((period) => ({
          label: period.end,
          up: GAINS.map((move, at) => ({ kind: `good k${at}`, count: period[move] })),
          down: LOSSES.map((move, at) => ({ kind: `bad k${at}`, count: period[move] })),
        }))}
      />
      <p class="ends">
        <span>{dayText(periods[0]?.start ?? last.start)}</span> <span>{dayText(last.end)}</span>
      </p>
      <Numbers of={{ ...scope, periods }} />
    </Section>
  );
}

const signed = (minor: number, currency: string): string => `${minor < 0 ? '' : '+'}${moneyText(minor, currency)}`;

/** Each figure links to what it consists of: MRR and customers to the customers, a change to its movements. */
function Numbers({ of: { periods, ...scope } }: { of: Scoped }) {
  const { currency } = scope;
  const shown = MOVES.filter((move) => move !== 'openingMinor' || periods.some((period) => period[move] !== 0));
  const daysOf = ({ start: first, end: last }: MrrPeriod) => ({ first, last, scope });
  return (
    <Table
      label="MRR and its movements, newest period first"
      columns={[
        'To',
        ['MRR', 'number'],
        ...shown.map((move) => [wordOf(move), 'number'] as const),
        ['Customers', 'number'],
      ]}
    >
      {periods.toReversed().map((period) => (
        <tr key={period.start}>
          <th scope="row">
            <a href={movementsOf(daysOf(period))}>{dayText(period.end)}</a>
          </th>
          <td class="number">
            <Figure minor={period.mrrMinor} currency={currency} href={customersOf({ on: period.end, scope })} />
          </td>
          {shown.map((move) => (
            <td key={move} class="number">
              <Figure
                minor={period[move]}
                currency={currency}
                href={movementsOf({ ...daysOf(period), kind: wordOf(move) })}
              />
            </td>
          ))}
          <td class="number">
            {period.customers === 0 ? (
              <span class="dim">0</span>
            ) : (
              <a href={customersOf({ on: period.end, scope })}>{counted(period.customers)}</a>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** How much recurs every month, and what changed it? */
export const MRR = page<Mrr>({
  path: '/mrr',
  scope: 'read',
  load: (ledger, { query }) =>
    ledger.read('/v1/mrr', { from: query['from'], to: query['to'], interval: query['interval'], ...scopeIn(query) }),
  show,
});
