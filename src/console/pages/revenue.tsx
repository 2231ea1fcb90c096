import type { Incomes, Waterfall } from '../answers.js';
import { withQuery } from '../ledger.js';
import { page, type Frame, type Shown } from '../page.js';
import { Bars } from '../parts/charts.js';
import { Empty, Section, Table } from '../parts/layout.js';
import { Incomplete, MoneyPages, PeriodForm, scopeId, scopeIn, scopeOf, scopeText } from '../parts/money.js';
import { Money, moneyText } from '../parts/text.js';

type Data = Readonly<{ incomes: Incomes; waterfall: Waterfall }>;

function show({ incomes, waterfall }: Data, { asked }: Frame): Shown {
  return {
    title: 'Revenue',
    nav: 'Money',
    main: (
      <>
        <MoneyPages at="Revenue" />
        <h1>Revenue</h1>
        <PeriodForm action="/console/revenue" asked={asked.query} type="month" />
        {incomes.data.length === 0 ? (
          <Empty>
            <p>Nothing is earned yet. Revenue begins with the first invoice that is finalised.</p>
          </Empty>
        ) : null}
        {incomes.data.map((scope) => (
          <Section key={scopeId(scope)} title={scopeText(scope)} id={scopeId(scope)}>
            <Income of={scope} />
            <Earned
              of={waterfall.data.find((one) => scopeId(one) === scopeId(scope))?.booked ?? []}
              currency={scope.currency}
            />
          </Section>
        ))}
        <Incomplete of={incomes} />
      </>
    ),
  };
}

function Income({ of: { months, ...whose } }: { of: Incomes['data'][number] }) {
  const { currency } = whose;
  const told = months.map(({ month, netMinor }) => `${month} ${moneyText(netMinor, currency)}`).join(', ');
  return (
    <>
      <Bars
        label={`Net income of each month: ${told}`}
        bars={months.map(({ month, netMinor }) => ({
          label: month,
          parts: [{ kind: 'accent k0', count: Math.max(0, netMinor) }],
        }))}
      />
      <p class="ends">
        <span>{months[0]?.month}</span> <span>{months.at(-1)?.month}</span>
      </p>
      <Table
        label="Income of each month, the newest first"
        columns={[
          'Month',
          ['Revenue', 'number'],
          ['Taken back', 'number'],
          ['Other', 'number'],
          ['Net', 'number'],
          ['Deferred at its end', 'number'],
        ]}
      >
        {months.toReversed().map((one) => {
          const behind = withQuery(`/console/revenue/${one.month}`, scopeOf(whose));
          return (
            <tr key={one.month}>
              <th scope="row">
                <a href={withQuery('/console/trial-balance', { month: one.month, ...scopeOf(whose) })}>{one.month}</a>
              </th>
              <td class="number">
                <a href={behind}>{moneyText(one.revenueMinor, currency)}</a>
              </td>
              <td class="number">
                <Money minor={one.contraMinor} currency={currency} />
              </td>
              <td class="number">
                <Money minor={one.otherMinor} currency={currency} />
              </td>
              <td class="number">
                <strong>{moneyText(one.netMinor, currency)}</strong>
              </td>
              <td class="number">
                <a href={behind}>{moneyText(one.deferredMinor, currency)}</a>
              </td>
            </tr>
          );
        })}
      </Table>
    </>
  );
}

/** What was billed in each month, by the month in which it is earned. */
function Earned({ of, currency }: { of: Waterfall['data'][number]['booked']; currency: string }) {
  const months = [...new Set(of.flatMap(({ months }) => months.map(({ month }) => month)))].sort();
  if (of.length === 0) return null;
  return (
    <details>
      <summary>Waterfall: what was billed when, and is earned when</summary>
      <Table
        label="What was billed in a month, by the month in which it is earned"
        columns={['Billed in', ...months.map((month) => [month, 'number'] as const)]}
      >
        {of.map(({ bookedMonth, months: own }) => (
          <tr key={bookedMonth}>
            <th scope="row">{bookedMonth}</th>
            {months.map((month) => {
              const earned = own.find((one) => one.month === month);
              return (
                <td key={month} class="number">
                  {earned === undefined ? null : moneyText(earned.amountMinor, currency)}
                </td>
              );
            })}
          </tr>
        ))}
      </Table>
    </details>
  );
}

/** What was earned in which month, and what is still to be? */
export const REVENUES = page<Data>({
  path: '/revenue',
  scope: 'read',
  async load(ledger, { query }) {
    const wanted = { from: query['from'], to: query['to'], ...scopeIn(query) };
    const [incomes, waterfall] = await Promise.all([
      ledger.read<Incomes>('/v1/revenue', wanted),
      ledger.read<Waterfall>('/v1/revenue/waterfall', wanted),
    ]);
    return { incomes, waterfall };
  },
  show,
});
