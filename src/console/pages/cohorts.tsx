import type { MoneyScope, MrrCohorts } from '../answers.js';
import { page, type Frame, type Shown } from '../page.js';
import { Bars } from '../parts/charts.js';
import { Empty, Section, Table } from '../parts/layout.js';
import {
  customersOf,
  Incomplete,
  lastDayOf,
  MoneyPages,
  PeriodForm,
  scopeId,
  scopeIn,
  scopeText,
} from '../parts/money.js';
import { moneyText } from '../parts/text.js';

type Scoped = MrrCohorts['data'][number];
type Cohort = Scoped['cohorts'][number];

const show = ({ data, from, to, ...booked }: MrrCohorts, { asked }: Frame): Shown => ({
  title: 'Cohorts',
  nav: 'Money',
  main: (
    <>
      <MoneyPages at="Cohorts" />
      <h1>Cohorts</h1>
      <p>Customers by the month in which they started, and their remaining MRR at the end of each following month.</p>
      <PeriodForm action="/console/mrr/cohorts" asked={{ ...asked.query, from, to }} type="month" />
      {data.length === 0 ? (
        <Empty>
          <p>
            No customers started in these months. A customer starts with the first active subscription that has a price.
          </p>
        </Empty>
      ) : null}
      {data.map((scope) => (
        <Scope key={scopeId(scope)} of={scope} />
      ))}
      <Incomplete of={booked} />
    </>
  ),
});

function Scope({ of }: { of: Scoped }) {
  const { cohorts, currency } = of;
  const months = [...new Set(cohorts.flatMap((one) => one.months.map(({ month }) => month)))].sort();
  const worthOf = (cohort: Cohort, at: string): number =>
    Math.max(0, cohort.months.find(({ month }) => month === at)?.mrrMinor ?? 0);
  const description = months
    .map((month) => `${month} ${moneyText(sumOf(cohorts.map((one) => worthOf(one, month))), currency)}`)
    .join(', ');
  return (
    <Section title={scopeText(of)} id={scopeId(of)}>
      <h3>MRR of these customers, oldest cohort at the bottom</h3>
      <Bars
        label={`MRR of these customers at the end of each month: ${description}`}
        bars={months.map((month) => ({
          label: month,
          parts: cohorts.map((one, at) => ({ kind: `accent k${at % 4}`, count: worthOf(one, month) })),
        }))}
      />
      <p class="ends">
        <span>{months[0]}</span> <span>{months.at(-1)}</span>
      </p>
      <Table
        label="Remaining MRR of each cohort, by months since its start"
        columns={[
          'Started in',
          ['Customers', 'number'],
          ['MRR', 'number'],
          ...months.map((_, at) => [at === 0 ? 'in the month' : `after ${at}`, 'number'] as const),
        ]}
      >
        {cohorts.map((one) => (
          <Row key={one.month} of={one} scope={of} />
        ))}
      </Table>
      <p class="dim">
        Remaining MRR in percent of the initial MRR, and remaining customers. Open a cell to see the customers.
      </p>
    </Section>
  );
}

function Row({ of: { month: cohort, size, startMinor, months }, scope }: { of: Cohort; scope: MoneyScope }) {
  const first = customersOf({ on: lastDayOf(cohort), cohort, scope });
  return (
    <tr>
      <th scope="row" class="whole">
        {cohort}
      </th>
      <td class="number">
        <a href={first}>{size}</a>
      </td>
      <td class="number">
        <a href={first}>{moneyText(startMinor, scope.currency)}</a>
      </td>
      {months.map(({ month, customers, mrrMinor }) => {
        const share = startMinor === 0 ? null : Math.round((100 * mrrMinor) / startMinor);
        return (
          <td key={month} class={`number heat h${Math.min(4, Math.max(0, Math.floor((share ?? 0) / 25)))}`}>
            <a href={customersOf({ on: lastDayOf(month), cohort, scope })}>{share === null ? '–' : `${share} %`}</a>{' '}
            <span class="dim">{customers}</span>
          </td>
        );
      })}
    </tr>
  );
}

const sumOf = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0);

/** How long do customers stay, by the month in which they began? */
export const COHORTS = page<MrrCohorts>({
  path: '/mrr/cohorts',
  scope: 'read',
  load: (ledger, { query }) =>
    ledger.read('/v1/mrr/cohorts', { from: query['from'], to: query['to'], ...scopeIn(query) }),
  show,
});
