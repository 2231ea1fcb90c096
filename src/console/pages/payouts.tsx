import type { List, Payout, PayoutReconciliation } from '../answers.js';
import { pathOf, withQuery } from '../ledger.js';
import { plural } from '../operation-words.js';
import { page, type Asked, type Shown } from '../page.js';
import { customerPage, entryPage, eventPage, invoicePage, pageOfObject, payoutPage } from '../places.js';
import { Empty, Facts, Next, Section, Table, Verdict } from '../parts/layout.js';
import { Incomplete, MoneyPages, scopeIn } from '../parts/money.js';
import { Id, Mark, Money, Status, Time, Unknown } from '../parts/text.js';

const FILTERS = ['status', 'currency', 'livemode', 'account'] as const;

function show({ data, nextCursor }: List<Payout>, { query }: Asked): Shown {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, query[name]]));
  const isFiltered = Object.values(filters).some((value) => value !== undefined && value !== '');
  return {
    title: 'Payouts',
    nav: 'Money',
    main: (
      <>
        <MoneyPages at="Payouts" />
        <h1>Payouts</h1>
        <form class="filters" action="/console/payouts">
          <label>
            Status
            <select name="status">
              {['', 'paid', 'in_transit', 'pending', 'failed', 'canceled'].map((status) => (
                <option key={status} value={status} selected={status === (query['status'] ?? '')}>
                  {status === '' ? 'any' : status.replaceAll('_', ' ')}
                </option>
              ))}
            </select>
          </label>
          <label>
            Currency
            <input name="currency" value={query['currency'] ?? ''} size={5} maxLength={3} placeholder="all" />
          </label>
          <button type="submit">Show</button>
        </form>
        <p class="dim">Newest first. Open a payout to see its transactions.</p>
        {data.length === 0 ? (
          <Empty>
            {isFiltered ? (
              <p>No payouts match.</p>
            ) : (
              <p>
                No payouts are known. Enable the events <code>payout.*</code> at the endpoint, or fetch recent payouts
                with <code>npx subscription-ledger backfill</code>.
              </p>
            )}
          </Empty>
        ) : (
          <Table
            label="Payouts, newest first"
            columns={['Payout', ['Amount', 'number'], 'Status', 'Created', 'Arrives', 'Mode', 'Because of']}
          >
            {data.map((one) => (
              <tr key={one.id}>
                <td>
                  <Id id={one.id} href={payoutPage(one.id)} />
                </td>
                <td class="number">
                  <Money minor={one.amountMinor} currency={one.currency} />
                </td>
                <td>
                  <Status of={one.status} /> {one.isAutomatic === false ? <Mark tone="calm">manual</Mark> : null}
                </td>
                <td>
                  <Time at={one.createdAt} as="cell" />
                </td>
                <td>
                  <Time at={one.arrivesAt} as="day" />
                </td>
                <td>{[one.livemode === true ? 'live' : 'test', one.account].filter(Boolean).join(', ')}</td>
                <td>
                  <a href={eventPage(one.changedBy.stripeEventId)}>{one.changedBy.type}</a>
                </td>
              </tr>
            ))}
          </Table>
        )}
        <Next href={nextCursor === null ? null : withQuery('/console/payouts', { ...filters, cursor: nextCursor })} />
      </>
    ),
  };
}

/** Which payouts went to the bank? */
export const PAYOUTS = page<List<Payout>>({
  path: '/payouts',
  scope: 'read',
  load: (ledger, { query }) =>
    ledger.read('/v1/payouts', {
      ...{ limit: 50, order: '-created', status: query['status'] },
      ...scopeIn(query),
      cursor: query['cursor'],
    }),
  show: (data, { asked }) => show(data, asked),
});

/** Why a payout is not explained, and what to do. */
const CAUSES: Readonly<Record<string, string>> = {
  not_automatic: 'Stripe does not list the transactions of a manual payout.',
  payout_not_asked:
    'Its transactions have not been read from Stripe yet. Run “subscription-ledger backfill --new” to read them.',
  transactions_not_seen:
    'Some of its transactions are not known yet. Run “subscription-ledger backfill --new” to read them.',
  payout_differs: 'All its transactions are known, but their sum differs from the payout. Contact Stripe support.',
};

function verdictOf({ payout, isExact, cause, differenceMinor, unseenTransactions }: PayoutReconciliation) {
  if (isExact)
    return (
      <Verdict tone="good">
        <p class="sentence">
          <Money minor={payout.amountMinor} currency={payout.currency} /> is explained exactly.
        </p>
      </Verdict>
    );
  return (
    <Verdict tone="warn">
      <p class="sentence">
        <Money minor={differenceMinor} currency={payout.currency} /> of{' '}
        <Money minor={payout.amountMinor} currency={payout.currency} /> is not explained
        {unseenTransactions === 0 ? '' : `, and ${plural(unseenTransactions, 'transaction')} not known`}.
      </p>
      <p class="dim">{CAUSES[cause ?? ''] ?? cause}</p>
    </Verdict>
  );
}

/** The payout by kind of transaction, with the sum. */
function Parts({ of: { parts, payout, sumMinor } }: { of: PayoutReconciliation }) {
  const { currency } = payout;
  return (
    <Section title="Contents" id="parts">
      {parts.length === 0 ? (
        <Empty>
          <p>Its contents are not known yet.</p>
        </Empty>
      ) : (
        <Table
          label="Contents of the payout, by kind"
          columns={['Kind', ['Transactions', 'number'], ['Amount', 'number'], ['Fees', 'number'], ['Net', 'number']]}
        >
          {parts.map((part) => (
            <tr key={part.category}>
              <th scope="row">{part.category.replaceAll('_', ' ')}</th>
              <td class="number">{part.count}</td>
              <td class="number">
                <Money minor={part.amountMinor} currency={currency} />
              </td>
              <td class="number">
                <Money minor={part.feeMinor} currency={currency} />
              </td>
              <td class="number">
                <Money minor={part.netMinor} currency={currency} />
              </td>
            </tr>
          ))}
          <tr>
            <th scope="row">Sum</th>
            <td class="number">{parts.reduce((sum, { count }) => sum + count, 0)}</td>
            <td />
            <td />
            <td class="number">
              <Money minor={sumMinor} currency={currency} />
            </td>
          </tr>
        </Table>
      )}
    </Section>
  );
}

function Transactions({ of: { payout, data, nextCursor } }: { of: PayoutReconciliation }) {
  const { id, currency } = payout;
  if (data.length === 0) return null;
  return (
    <Section title="Transactions" id="transactions">
      <Table
        label="Transactions of the payout"
        columns={['Transaction', 'Kind', ['Net', 'number'], ['Fee', 'number'], 'Of', 'Customer', 'Journal']}
      >
        {data.map((one) => (
          <tr key={one.id}>
            <th scope="row">
              <Id id={one.id} /> {one.isSeen ? null : <Mark tone="warn">not known</Mark>}
            </th>
            <td>{one.category?.replaceAll('_', ' ') ?? <Unknown />}</td>
            <td class="number">
              <Money minor={one.netMinor} currency={currency} />
            </td>
            <td class="number">
              <Money minor={one.feeMinor} currency={currency} />
            </td>
            <td>{causeOf(one)}</td>
            <td>{one.customer === null ? null : <a href={customerPage(one.customer)}>{one.customer}</a>}</td>
            <td>{one.entry === null ? null : <a href={entryPage(one.entry)}>Entry</a>}</td>
          </tr>
        ))}
      </Table>
      <Next href={nextCursor === null ? null : withQuery(payoutPage(id), { cursor: nextCursor })} />
    </Section>
  );
}

function showOne(of: PayoutReconciliation): Shown {
  const { payout } = of;
  const { id, currency } = payout;
  return {
    title: `Payout ${id}`,
    nav: 'Money',
    main: (
      <>
        <p class="over">
          <a href="/console/payouts">Payouts</a>
        </p>
        <h1 class="id">{id}</h1>
        <p class="under">
          <Status of={payout.status} />
        </p>
        {verdictOf(of)}
        <Section
          title="Details"
          id="known"
          aside={
            <span>
              <a href={withQuery('/console/journal', { object: id })}>Journal</a>,{' '}
              <a href={withQuery('/console/events', { object: id })}>Events</a>
            </span>
          }
        >
          <Facts
            of={[
              ['Amount', <Money key="amount" minor={payout.amountMinor} currency={currency} />],
              ['Created', <Time key="created" at={payout.createdAt} />],
              ['Arrives', <Time key="arrives" at={payout.arrivesAt} as="day" />],
              ['Made', payout.isAutomatic === null ? null : payout.isAutomatic ? 'by Stripe' : 'by hand'],
              ['Mode', payout.livemode ? 'live' : 'test'],
              ['Account', payout.account],
            ]}
          />
        </Section>
        <Parts of={of} />
        <Transactions of={of} />
        <Incomplete of={of} />
      </>
    ),
  };
}

/** The origin of a transaction: its invoice, else its payment, else the source that Stripe names. */
function causeOf({ invoices, payment, source }: PayoutReconciliation['data'][number]) {
  const [invoice] = invoices;
  if (invoice !== undefined) return <a href={invoicePage(invoice)}>{invoice}</a>;
  const href = payment === null ? null : pageOfObject({ kind: 'payment_intent', id: payment });
  if (payment !== null && href !== null) return <a href={href}>{payment}</a>;
  return source === null ? null : <Id id={source} />;
}

/** What does a payout consist of? */
export const PAYOUT = page<PayoutReconciliation>({
  path: '/payouts/:id',
  scope: 'read',
  load: (ledger, { path, query }) =>
    ledger.read(`/v1/${pathOf('payouts', String(path['id']))}/reconciliation`, {
      ...{ limit: 50, cursor: query['cursor'] },
    }),
  show: showOne,
});
