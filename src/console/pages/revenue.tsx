import type { Incomes, MoneyScope, Waterfall } from '../answers.js';
import { withQuery } from '../ledger.js';
import { page, type Frame, type Shown } from '../page.js';
import { Bars } from '../parts/charts.js';
import { Empty, Section, Table } from '../parts/layout.js';
import { Incomplete, MoneyPages, PeriodForm, scopeId, scopeIn, scopeOf, scopeText } from '../parts/money.js';
import { Figure, moneyText } from '../parts/text.js';

type Months = Incomes['data'][number]['months'];
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
            <p>There is no revenue yet. It starts with the first finalized invoice.</p>
          </Empty>
        ) : null}
        {incomes.data.map((scope) => (
          <Section key={scopeId(scope)} title={scopeText(scope)} id={scopeId(scope)}>
            <Income of={scope} />
            <Earned of={waterfall.data.find((one) => scopeId(one) === scopeId(scope))?.booked ?? []} scope={scope} />
          </Section>
        ))}
        <Incomplete of={incomes} />
      </>
    ),
  };
}

/** Drops the leading months in which all amounts are 0. */
function begun(months: Months): Months {
  const first = months.findIndex(({ month: _, ...amounts }) => Object.values(amounts).some((minor) => minor !== 0));
  return first < 0 ? months.slice(-1) : months.slice(first);
}

function Income({ of: { months: all, ...whose } }: { of: Incomes['data'][number] }) {
  const months = begun(all);
  const { currency } = whose;
  const description = months.map(({ month, netMinor }) => `${month} ${moneyText(netMinor, currency)}`).join(', ');
  return (
    <>
      <Bars
        label={`Net income of each month: ${description}`}
        bars={months.map(({ month, netMinor }) => ({
          label: month,
          parts: [{ kind: 'accent k0', count: Math.max(0, netMinor) }],
        }))}
      />
      <p class="ends">
        <span>{months[0]?.month}</span> <span>{months.at(-1)?.month}</span>
      </p>
      <Table
        label="Income of each month, newest first"
        columns={[
          'Month',
          ['Revenue', 'number'],
          ['Reversed', 'number'],
          ['Other', 'number'],
          ['Net', 'number'],
          ['Deferred at month end', 'number'],
        ]}
      >
        {months.toReversed().map((one) => {
          const invoices = withQuery(`/console/revenue/${one.month}`, scopeOf(whose));
          const accounts = withQuery('/console/trial-balance', { month: one.month, ...scopeOf(whose) });
          const figures = [
            [one.revenueMinor, invoices],
            [one.contraMinor, `${accounts}&of=Income:Contra`],
            [one.otherMinor, `${accounts}&of=Income`],
            [one.netMinor, `${accounts}&of=Income`],
            [one.deferredMinor, invoices],
          ] as const;
          return (
            <tr key={one.month}>
              <th scope="row">
                <a href={accounts}>{one.month}</a>
              </th>
              {figures.map(([minor, href], at) => (
                <td key={at} class="number">
                  <Figure minor={minor} currency={currency} href={href} />
                </td>
              ))}
            </tr>
          );
        })}
      </Table>
    </>
  );
}

/** The amounts billed in each month, by the month in which they are earned. */
function Earned({ of, scope }: { of: Waterfall['data'][number]['booked']; scope: MoneyScope }) {
  const months = [...new Set(of.flatMap(({ months }) => months.map(({ month }) => month)))].sort();
  if (of.length === 0) return null;
  return (
    <details>
      <summary>Waterfall: month billed and month earned</summary>
      <Table
        label="Amounts billed in a month, by the month in which they are earned"
        columns={['Billed in', ...months.map((month) => [month, 'number'] as const)]}
      >
        {of.map(({ bookedMonth, months: own }) => (
          <tr key={bookedMonth}>
            <th scope="row">{bookedMonth}</th>
            {months.map((month) => {
              const earned = own.find((one) => one.month === month);
              return (
                <td key={month} class="number">
                  {earned === undefined ? null : (
                    <Figure
                      minor={earned.amountMinor}
                      currency={scope.currency}
                      href={withQuery(`/console/revenue/${month}`, { ...scopeOf(scope), billed: bookedMonth })}
                    />
                  )}
                </td>
              );
            })}
          </tr>
        ))}
      </Table>
    </details>
  );
}

/** How much was earned in which month, and how much is still to be earned? */
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
