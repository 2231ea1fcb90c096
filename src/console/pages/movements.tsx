import type { Booked, List, Movement } from '../answers.js';
import { withQuery } from '../ledger.js';
import { page, type Frame, type Shown } from '../page.js';
import { customerPage, eventPage, subscriptionPage } from '../places.js';
import { Empty, Next, Table } from '../parts/layout.js';
import { Incomplete, MoneyPages, spanText } from '../parts/money.js';
import { Id, Mark, Money, Time } from '../parts/text.js';

type Data = List<Movement> & Booked;

const FILTERS = ['customer', 'kind', 'currency', 'account', 'livemode', 'since', 'until', 'from', 'to'] as const;
const TONES = { churn: 'bad', contraction: 'warn' } as const;
const toneOf = (kind: string) => (kind in TONES ? TONES[kind as keyof typeof TONES] : 'good');

function show(movements: Data, { asked }: Frame): Shown {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, asked.query[name]]));
  return {
    title: 'MRR movements',
    nav: 'Money',
    main: (
      <>
        <MoneyPages at="Movements" />
        <h1>MRR movements</h1>
        <p>
          Newest first{asked.query['kind'] === undefined ? '' : `, only ${asked.query['kind']}`}
          {spanText(asked.query)}.{' '}
          {Object.values(filters).some((value) => value !== undefined) ? (
            <a href="/console/mrr/movements">All</a>
          ) : null}
        </p>
        {movements.data.length === 0 ? (
          <Empty>
            <p>
              {Object.values(filters).some((value) => value !== undefined)
                ? 'There were no MRR movements in this period.'
                : 'There are no MRR movements yet. The first active subscription that has a price makes one.'}
            </p>
          </Empty>
        ) : (
          <Table
            label="MRR movements, newest first"
            columns={['When', 'Customer', 'Kind', ['Change', 'number'], ['Then', 'number'], 'Because of']}
          >
            {movements.data.map((one) => (
              <tr key={one.id}>
                <td>
                  <Time at={one.at} as="cell" />
                </td>
                <td>
                  <Id id={one.customer} href={customerPage(one.customer)} />
                </td>
                <td>
                  <Mark tone={toneOf(one.kind)}>{one.kind}</Mark>
                </td>
                <td class="number">
                  <Money minor={one.amountMinor} currency={one.currency} />
                </td>
                <td class="number">
                  <Money minor={one.afterMinor} currency={one.currency} />
                </td>
                <td>
                  <ul class="lines">
                    {one.parts.map((part, at) => (
                      <li key={at}>
                        {part.stripeEventId === null ? (
                          part.cause.replaceAll('_', ' ')
                        ) : (
                          <a href={eventPage(part.stripeEventId)}>{part.cause.replaceAll('_', ' ')}</a>
                        )}{' '}
                        <Money minor={part.amountMinor} currency={one.currency} />
                        {part.subscription === null ? null : (
                          <>
                            {' '}
                            in <Id id={part.subscription} href={subscriptionPage(part.subscription)} />
                          </>
                        )}
                      </li>
                    ))}
                  </ul>
                </td>
              </tr>
            ))}
          </Table>
        )}
        <Next
          href={
            movements.nextCursor === null
              ? null
              : withQuery('/console/mrr/movements', { ...filters, cursor: movements.nextCursor })
          }
        />
        <Incomplete of={movements} />
      </>
    ),
  };
}

/** Which subscriptions are behind a change of MRR, and which events? */
export const MOVEMENTS = page<Data>({
  path: '/mrr/movements',
  scope: 'read',
  load: (ledger, { query }) =>
    ledger.read('/v1/mrr/movements', {
      ...Object.fromEntries(FILTERS.map((name) => [name, query[name]])),
      cursor: query['cursor'],
      limit: 50,
    }),
  show,
});
