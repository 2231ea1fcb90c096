import type { Deferred, Recognised } from '../answers.js';
import { withQuery } from '../ledger.js';
import { page, type Frame, type Shown } from '../page.js';
import { Empty, Next, Section, Table } from '../parts/layout.js';
import { Incomplete, MoneyPages, postingsOf, scopeId, scopeIn, scopeText } from '../parts/money.js';
import { Id, Money, moneyText } from '../parts/text.js';

type Data = Readonly<{ month: string; recognised: Recognised; deferred: Deferred }>;

const DEFERRED_MAX = 100;

function show({ month, recognised, deferred }: Data, { asked }: Frame): Shown {
  const whose = scopeIn(asked.query);
  const { billed } = asked.query;
  const here = `/console/revenue/${month}`;
  return {
    title: `Revenue of ${month}`,
    nav: 'Money',
    main: (
      <>
        <MoneyPages at="Revenue" />
        <h1>Revenue of {month}</h1>
        <p>
          Amounts earned in the month and deferred amounts, by invoice. Open an invoice to see its journal entries, and
          an entry to see its event. <a href={withQuery('/console/trial-balance', { month, ...whose })}>Accounts</a>
        </p>
        <Section
          title={billed === undefined ? 'Earned in the month' : `Earned in the month, billed in ${billed}`}
          id="earned"
          aside={billed === undefined ? null : <a href={withQuery(here, whose)}>All earned amounts</a>}
        >
          <EarnedIn month={month} of={recognised} />
          <Next
            href={
              recognised.nextCursor === null
                ? null
                : withQuery(here, { ...whose, billed, cursor: recognised.nextCursor })
            }
          />
        </Section>
        {(billed === undefined ? deferred.data : []).map((scope) => (
          <Section
            key={scopeId(scope)}
            title={`Deferred at the end of the month: ${moneyText(scope.deferredMinor, scope.currency)}`}
            id={`deferred-${scopeId(scope)}`}
            aside={
              scope.by.length > DEFERRED_MAX ? (
                <span class="dim">
                  the first {DEFERRED_MAX} of {scope.by.length} invoices
                </span>
              ) : null
            }
          >
            <Table label={`Deferred in ${scopeText(scope)}, by invoice`} columns={['Invoice', ['Deferred', 'number']]}>
              {scope.by.slice(0, DEFERRED_MAX).map(({ key, deferredMinor }) => (
                <tr key={key}>
                  <td>
                    <Invoice
                      id={key}
                      unbilled={postingsOf('Liabilities:Deferred', scope, { from: month, to: month })}
                    />
                  </td>
                  <td class="number">
                    <Money minor={deferredMinor} currency={scope.currency} />
                  </td>
                </tr>
              ))}
            </Table>
          </Section>
        ))}
        <Incomplete of={recognised} />
      </>
    ),
  };
}

/** The revenue that each invoice earned in the month. */
function EarnedIn({ month, of: { data } }: { month: string; of: Recognised }) {
  if (data.length === 0)
    return (
      <Empty>
        <p>Nothing was earned in this month.</p>
      </Empty>
    );
  return (
    <Table
      label="Earned amounts, by invoice"
      columns={['Invoice', 'Of', ['Revenue', 'number'], ['Reversed', 'number'], ['Net', 'number']]}
    >
      {data.map((one) => (
        <tr key={`${one.key} ${scopeId(one)}`}>
          <td>
            <Invoice id={one.key} unbilled={postingsOf('Assets:Unbilled', one, { from: month, to: month })} />
          </td>
          <td>{scopeText(one)}</td>
          <td class="number">
            <Money minor={one.revenueMinor} currency={one.currency} />
          </td>
          <td class="number">
            <Money minor={one.contraMinor} currency={one.currency} />
          </td>
          <td class="number">
            <Money minor={one.amountMinor} currency={one.currency} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** A link to an invoice's entries; unbilled revenue has no invoice and links to its postings. */
const Invoice = ({ id, unbilled }: { id: string | null; unbilled: string }) =>
  id === null ? (
    <a href={unbilled}>not billed yet</a>
  ) : (
    <Id id={id} href={withQuery('/console/journal', { invoice: id })} />
  );

/** Which invoices does the revenue of a month come from? */
export const REVENUE_OF_MONTH = page<Data>({
  path: '/revenue/:month',
  scope: 'read',
  async load(ledger, { path, query }) {
    const month = String(path['month']);
    const [recognised, deferred] = await Promise.all([
      ledger.read<Recognised>('/v1/revenue/recognised', {
        from: month,
        to: month,
        by: 'invoice',
        bookedMonth: query['billed'],
        ...scopeIn(query),
        cursor: query['cursor'],
        limit: 100,
      }),
      ledger.read<Deferred>('/v1/revenue/deferred', { month, by: 'invoice', ...scopeIn(query) }),
    ]);
    return { month, recognised, deferred };
  },
  show,
});
