import type { MrrCustomers } from '../answers.js';
import { withQuery } from '../ledger.js';
import { page, type Frame, type Shown } from '../page.js';
import { customerPage } from '../places.js';
import { Empty, Next, Table } from '../parts/layout.js';
import { Incomplete, MoneyPages, movementsOf, scopeIn, scopeText } from '../parts/money.js';
import { dayText, Figure, Id, Mark, Money } from '../parts/text.js';

const TONES: Readonly<Record<string, 'good' | 'warn' | 'bad' | 'calm'>> = {
  came: 'good',
  grew: 'good',
  same: 'calm',
  shrank: 'warn',
  left: 'bad',
};
/** A day before any movement. */
const BEGAN = '1970-01-01';

function show({ data, on, nextCursor, ...booked }: MrrCustomers, { asked }: Frame): Shown {
  const { since, cohort, change } = asked.query;
  const own = { on, since, cohort, ...scopeIn(asked.query) };
  const isCompared = since !== undefined || cohort !== undefined;
  const first = since ?? (cohort === undefined ? BEGAN : `${cohort}-01`);
  return {
    title: `MRR on ${on}, by customer`,
    nav: 'Money',
    main: (
      <>
        <MoneyPages at={cohort === undefined ? (since === undefined ? 'MRR' : 'Retention') : 'Cohorts'} />
        <h1>MRR on {dayText(on)}, by customer</h1>
        <p>
          {cohort !== undefined
            ? `Customers that started in ${cohort}, compared with their first MRR.`
            : since !== undefined
              ? `Compared with the MRR before ${dayText(since)}.`
              : 'Customers with MRR at the end of the day.'}{' '}
          Largest first. Open a change to see its movements, and a movement to see its events.
        </p>
        {isCompared ? (
          <nav class="sub" aria-label="What changed">
            {[undefined, ...Object.keys(TONES)].map((one) => (
              <a
                key={one ?? 'all'}
                href={withQuery('/console/mrr/customers', { ...own, change: one })}
                {...(one === change ? { 'aria-current': 'page' } : {})}
              >
                {one ?? 'all'}
              </a>
            ))}
          </nav>
        ) : null}
        {data.length === 0 ? (
          <Empty>
            <p>{change === undefined ? 'No customer had MRR then.' : 'No customer did.'}</p>
          </Empty>
        ) : (
          <Table
            label="Customers by MRR, largest first"
            columns={[
              'Customer',
              'Of',
              ...(isCompared ? [['Before', 'number'] as const] : []),
              ['MRR', 'number'],
              ...(isCompared ? ['What', ['Change', 'number'] as const] : []),
            ]}
          >
            {data.map((one) => (
              <Row key={`${one.customer} ${scopeText(one)}`} of={one} on={on} isCompared={isCompared} first={first} />
            ))}
          </Table>
        )}
        <Next
          href={
            nextCursor === null ? null : withQuery('/console/mrr/customers', { ...own, change, cursor: nextCursor })
          }
        />
        <Incomplete of={booked} />
      </>
    ),
  };
}

/** `first` is the first day of the movements behind the figure. */
function Row({
  of: { customer, currency, startMinor, mrrMinor, change, ...whose },
  on: last,
  isCompared,
  first,
}: {
  of: MrrCustomers['data'][number];
  on: string;
  isCompared: boolean;
  first: string;
}) {
  const scope = { ...whose, currency };
  const behind = movementsOf({ first, last, scope, customer });
  return (
    <tr>
      <td>
        <Id id={customer} href={customerPage(customer)} />
      </td>
      <td class="whole">{scopeText(scope)}</td>
      {isCompared ? (
        <>
          <td class="number">
            <Money minor={startMinor} currency={currency} />
          </td>
          <td class="number">
            <Money minor={mrrMinor} currency={currency} />
          </td>
          <td>
            <Mark tone={TONES[change] ?? 'calm'}>{change}</Mark>
          </td>
          <td class="number">
            <Figure minor={mrrMinor - startMinor} currency={currency} href={behind} />
          </td>
        </>
      ) : (
        <td class="number">
          <Figure minor={mrrMinor} currency={currency} href={behind} />
        </td>
      )}
    </tr>
  );
}

/** Which customers does MRR come from, and who came, grew, shrank or left? */
export const MRR_CUSTOMERS = page<MrrCustomers>({
  path: '/mrr/customers',
  scope: 'read',
  load: (ledger, { query }) =>
    ledger.read('/v1/mrr/customers', {
      on: query['on'],
      since: query['since'],
      cohort: query['cohort'],
      change: query['change'],
      ...scopeIn(query),
      cursor: query['cursor'],
      limit: 100,
    }),
  show,
});
