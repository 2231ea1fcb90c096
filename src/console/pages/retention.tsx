import type { Retentions } from '../answers.js';
import { plural } from '../operation-words.js';
import { page, type Frame, type Shown } from '../page.js';
import { Steps, type Step } from '../parts/charts.js';
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
import { dayText, moneyText, Unknown } from '../parts/text.js';

type Scoped = Retentions['data'][number];
type Period = Pick<Retentions, 'from' | 'to'>;

const show = ({ data, from, to, ...booked }: Retentions, { asked }: Frame): Shown => ({
  title: 'Retention',
  nav: 'Money',
  main: (
    <>
      <MoneyPages at="Retention" />
      <h1>Retention</h1>
      <p>
        The share of the MRR before {dayText(from)} that was retained at the end of {dayText(to)}.
      </p>
      <PeriodForm action="/console/mrr/retention" asked={{ ...asked.query, from, to }} type="date" />
      {data.length === 0 ? (
        <Empty>
          <p>There is no MRR yet. Retention compares two days that have MRR.</p>
        </Empty>
      ) : null}
      {data.map((scope) => (
        <Scope key={scopeId(scope)} of={scope} period={{ from, to }} />
      ))}
      <Incomplete of={booked} />
    </>
  ),
});

const MOVES = [
  ['opening', 1],
  ['new', 1],
  ['reactivation', 1],
  ['expansion', 1],
  ['contraction', -1],
  ['churn', -1],
] as const;

function Scope({ of, period: { from, to } }: { of: Scoped; period: Period }) {
  const { currency, startMinor, endMinor, startCustomers, nrr, grr } = of;
  const moved = MOVES.map(([kind, sign]) => ({ kind, minor: sign * of[`${kind}Minor`] })).filter(
    ({ minor }) => minor !== 0,
  );
  const steps: Step[] = [
    { label: 'before', kind: 'accent', from: 0, to: startMinor },
    ...moved.reduce<Step[]>((all, { kind, minor }) => {
      const at = all.at(-1)?.to ?? startMinor;
      return [...all, { label: kind, kind: minor < 0 ? 'bad' : 'good', from: at, to: at + minor }];
    }, []),
    { label: 'after', kind: 'accent', from: 0, to: endMinor },
  ];
  const description = moved.map(({ kind, minor }) => `${kind} ${moneyText(minor, currency)}`).join(', ');
  return (
    <Section title={scopeText(of)} id={scopeId(of)}>
      <Verdict tone={nrr.percent === null ? 'calm' : Number(nrr.percent) >= 100 ? 'good' : 'warn'}>
        <p class="sentence">
          {nrr.percent === null ? (
            'There was no MRR before, so retention is not defined.'
          ) : (
            <>
              <strong>{nrr.percent} %</strong> of MRR was retained including expansion (NRR), {grr.percent} % excluding
              it (GRR).
            </>
          )}
        </p>
        <p class="dim">
          {plural(startCustomers, 'customer')} before, {of.logoChurn.part} of them left.
        </p>
      </Verdict>
      <h3>Change between the two days</h3>
      <Steps
        steps={steps}
        label={`MRR from ${moneyText(startMinor, currency)} to ${moneyText(endMinor, currency)}: ${description}`}
      />
      <ol class="ends">
        {steps.map(({ label }) => (
          <li key={label}>{label}</li>
        ))}
      </ol>
      <Figures of={of} period={{ from, to }} moved={moved} />
      <Rates of={of} period={{ from, to }} />
    </Section>
  );
}

const Figures = ({
  of,
  period: { from, to },
  moved,
}: {
  of: Scoped;
  period: Period;
  moved: readonly Readonly<{ kind: string; minor: number }>[];
}) => (
  <Table label="MRR before, what moved it, and after" columns={['What', ['MRR', 'number'], ['Customers', 'number']]}>
    <tr>
      <th scope="row">Before {dayText(from)}</th>
      <td class="number">
        <a href={customersOf({ on: to, since: from, scope: of })}>{moneyText(of.startMinor, of.currency)}</a>
      </td>
      <td class="number">{of.startCustomers}</td>
    </tr>
    {moved.map(({ kind, minor }) => (
      <tr key={kind}>
        <th scope="row">{kind}</th>
        <td class="number">
          <a href={movementsOf({ first: from, last: to, scope: of, kind })}>{moneyText(minor, of.currency)}</a>
        </td>
        <td />
      </tr>
    ))}
    <tr>
      <th scope="row">At the end of {dayText(to)}</th>
      <td class="number">
        <a href={customersOf({ on: to, scope: of })}>{moneyText(of.endMinor, of.currency)}</a>
      </td>
      <td class="number">{of.endCustomers}</td>
    </tr>
  </Table>
);

/** Each rate with its meaning and the kind of customer change behind it. */
const RATES = [
  ['nrr', 'Net revenue retention', 'MRR retained from existing customers, including expansion', undefined],
  ['grr', 'Gross revenue retention', 'MRR retained from existing customers, excluding expansion', undefined],
  ['logoChurn', 'Customers lost', 'existing customers with no MRR at the end', 'left'],
  ['grossChurn', 'MRR lost', 'contraction and churn, relative to the MRR before', undefined],
  ['netChurn', 'Net MRR lost', 'the same, minus expansion and reactivation', undefined],
  ['quickRatio', 'Quick ratio', 'MRR gained for each 100 of MRR lost', 'came'],
] as const;

const Rates = ({ of, period: { from, to } }: { of: Scoped; period: Period }) => (
  <>
    <h3>Rates</h3>
    <Table label="Rates" columns={['Rate', ['Percent', 'number'], 'Meaning']}>
      {RATES.map(([name, title, label, change]) => (
        <tr key={name}>
          <th scope="row">{title}</th>
          <td class="number">
            {of[name].percent === null ? (
              <Unknown />
            ) : (
              <a href={customersOf({ on: to, since: from, change, scope: of })}>{of[name].percent} %</a>
            )}
          </td>
          <td>{label}</td>
        </tr>
      ))}
      <tr>
        <th scope="row">MRR per customer</th>
        <td class="number">{of.arpaMinor === null ? <Unknown /> : moneyText(of.arpaMinor, of.currency)}</td>
        <td>average at the end</td>
      </tr>
      <tr>
        <th scope="row">Lifetime value</th>
        <td class="number">{of.ltvMinor === null ? <Unknown /> : moneyText(of.ltvMinor, of.currency)}</td>
        <td>MRR per customer divided by the rate of customers lost; not known if none were lost</td>
      </tr>
    </Table>
  </>
);

/** How much MRR and how many customers were retained? */
export const RETENTION = page<Retentions>({
  path: '/mrr/retention',
  scope: 'read',
  load: (ledger, { query }) =>
    ledger.read('/v1/mrr/retention', { from: query['from'], to: query['to'], ...scopeIn(query) }),
  show,
});
