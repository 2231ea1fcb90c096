import type { MoneyScope, Mrr, MrrPeriod } from '../answers.js';
import { withQuery } from '../ledger.js';
import { counted, plural } from '../operation-words.js';
import { page, type Frame, type Shown } from '../page.js';
import { Bars, Moves } from '../parts/charts.js';
import { Empty, Section, Table, Verdict } from '../parts/layout.js';
import { Incomplete, MoneyPages, PeriodForm, scopeId, scopeIn, scopeOf, scopeText, secondsOf } from '../parts/money.js';
import { dayText, Money, moneyText } from '../parts/text.js';

type Scoped = Mrr['data'][number];

const GAINS = ['newMinor', 'reactivationMinor', 'expansionMinor'] as const;
const LOSSES = ['contractionMinor', 'churnMinor'] as const;
const MOVES = [...GAINS, ...LOSSES];
const wordOf = (move: (typeof MOVES)[number]): string => move.replace('Minor', '');

function show(mrr: Mrr, { asked }: Frame): Shown {
  return {
    title: 'MRR',
    nav: 'Money',
    main: (
      <>
        <MoneyPages at="MRR" />
        <h1>Monthly recurring revenue</h1>
        <PeriodForm action="/console/mrr" asked={asked.query} type="date" intervals />
        {mrr.data.length === 0 ? (
          <Empty>
            <p>No subscription is worth anything yet. MRR begins with the first one that is active and has a price.</p>
          </Empty>
        ) : null}
        {mrr.data.map((scope) => (
          <Scope key={scopeId(scope)} of={scope} />
        ))}
        <Incomplete of={mrr}>
          {mrr.data.some(({ unknownItems }) => unknownItems > 0)
            ? `${plural(
                mrr.data.reduce((sum, { unknownItems }) => sum + unknownItems, 0),
                'item',
              )} are worth nobody knows what, such as those by usage.`
            : null}
        </Incomplete>
      </>
    ),
  };
}

function Scope({ of }: { of: Scoped }) {
  const { periods, currency } = of;
  const last = periods.at(-1);
  const before = periods.at(-2);
  if (last === undefined) return null;
  const change = before === undefined ? 0 : last.mrrMinor - before.mrrMinor;
  const label = periods.map(({ end, mrrMinor }) => `${end} ${moneyText(mrrMinor, currency)}`).join(', ');
  return (
    <Section title={scopeText(of)} id={scopeId(of)}>
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
      <h3>What moved it</h3>
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
      <Numbers of={of} />
    </Section>
  );
}

const signed = (minor: number, currency: string): string => `${minor < 0 ? '' : '+'}${moneyText(minor, currency)}`;

const Numbers = ({ of: { periods, currency, ...whose } }: { of: Scoped }) => (
  <Table
    label="MRR and what moved it, the newest period first"
    columns={[
      'To',
      ['MRR', 'number'],
      ...MOVES.map((move) => [wordOf(move), 'number'] as const),
      ['Customers', 'number'],
    ]}
  >
    {periods.toReversed().map((period) => (
      <tr key={period.start}>
        <th scope="row">
          <a href={movementsOf(period, { ...whose, currency })}>{dayText(period.end)}</a>
        </th>
        <td class="number">
          <Money minor={period.mrrMinor} currency={currency} />
        </td>
        {MOVES.map((move) => (
          <td key={move} class="number">
            {period[move] === 0 ? (
              <span class="dim">0</span>
            ) : (
              <a href={movementsOf(period, { ...whose, currency }, wordOf(move))}>
                {moneyText(period[move], currency)}
              </a>
            )}
          </td>
        ))}
        <td class="number">{counted(period.customers)}</td>
      </tr>
    ))}
  </Table>
);

/** The movements that a number is made of. */
const movementsOf = ({ start, end }: MrrPeriod, scope: MoneyScope, kind?: string): string =>
  withQuery('/console/mrr/movements', { ...scopeOf(scope), kind, ...secondsOf(start, end) });

/** How much is paid again every month, and what moved it? */
export const MRR = page<Mrr>({
  path: '/mrr',
  scope: 'read',
  load: (ledger, { query }) =>
    ledger.read('/v1/mrr', { from: query['from'], to: query['to'], interval: query['interval'], ...scopeIn(query) }),
  show,
});
