import type { Booked, JournalEntry, List } from '../answers.js';
import { pathOf, withQuery } from '../ledger.js';
import { page, type Frame, type Shown } from '../page.js';
import { customerPage, entryPage, eventPage, invoicePage, subscriptionPage } from '../places.js';
import { Empty, Facts, Next, Section, Table } from '../parts/layout.js';
import { Incomplete, MoneyPages, spanText } from '../parts/money.js';
import { Id, Mark, Money, Time } from '../parts/text.js';

type Data = List<JournalEntry> & Booked;

const FILTERS = [
  'name',
  'object',
  'invoice',
  'customer',
  'subscription',
  'kind',
  'book',
  'since',
  'until',
  'from',
  'to',
] as const;

function show(journal: Data, { asked }: Frame): Shown {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, asked.query[name]]));
  return {
    title: 'Journal',
    nav: 'Money',
    main: (
      <>
        <MoneyPages at="Journal" />
        <h1>Journal</h1>
        <form class="filters" action="/console/journal">
          {(['name', 'object', 'invoice', 'customer'] as const).map((name) => (
            <label key={name}>
              {name === 'name' ? 'Account' : name.charAt(0).toUpperCase() + name.slice(1)}
              <input name={name} value={asked.query[name] ?? ''} size={16} spellcheck={false} />
            </label>
          ))}
          <button type="submit">Filter</button>
          <a class="button plain" href="/console/journal">
            All
          </a>
        </form>
        <p class="dim">
          Newest first
          {spanText(asked.query)}. Every entry is derived from a Stripe event; none is written by hand.
        </p>
        {journal.data.length === 0 ? (
          <Empty>
            <p>
              {Object.values(filters).some((value) => value !== undefined)
                ? 'No entries match.'
                : 'The journal has no entries yet. The first finalized invoice creates some.'}
            </p>
          </Empty>
        ) : (
          <Table
            label="Entries of the journal, newest first"
            columns={['When', 'Entry', 'Account', ['Debit', 'number'], ['Credit', 'number'], 'Because of']}
          >
            {journal.data.flatMap((entry) =>
              entry.postings.map((posting, at) => (
                <tr key={`${entry.id} ${at}`} class={at === 0 ? '' : 'more'}>
                  <td>{at === 0 ? <Time at={entry.effectiveAt} as="cell" /> : null}</td>
                  <td>
                    {at > 0 ? null : entry.kind === 'correction' ? (
                      'correction of closed months'
                    ) : (
                      <a href={entryPage(entry.id)}>{entry.kind.replaceAll('_', ' ')}</a>
                    )}{' '}
                    {at === 0 && entry.isInferred ? <Mark tone="warn">inferred</Mark> : null}
                  </td>
                  <Posting of={posting} />
                  <td>
                    {at > 0 || entry.kind === 'correction' ? null : (
                      <a href={eventPage(entry.changedBy.stripeEventId)}>{entry.changedBy.type}</a>
                    )}
                  </td>
                </tr>
              )),
            )}
          </Table>
        )}
        <Next
          href={
            journal.nextCursor === null
              ? null
              : withQuery('/console/journal', { ...filters, cursor: journal.nextCursor })
          }
        />
        <Incomplete of={journal} />
      </>
    ),
  };
}

const Posting = ({ of: { name, currency, amountMinor } }: { of: JournalEntry['postings'][number] }) => (
  <>
    <td>
      <a class="quiet" href={withQuery('/console/journal', { name })}>
        {name}
      </a>
    </td>
    <td class="number">{amountMinor >= 0 ? <Money minor={amountMinor} currency={currency} /> : null}</td>
    <td class="number">{amountMinor < 0 ? <Money minor={-amountMinor} currency={currency} /> : null}</td>
  </>
);

function showOne(entry: JournalEntry): Shown {
  const { id, kind, customer, subscription, invoice, object } = entry;
  return {
    title: `${kind} ${id}`,
    nav: 'Money',
    main: (
      <>
        <p class="over">
          <a href="/console/journal">Journal</a>
        </p>
        <h1>{kind.replaceAll('_', ' ')}</h1>
        <p class="under">
          <Id id={id} /> {entry.isInferred ? <Mark tone="warn">inferred</Mark> : null}
        </p>
        {entry.isInferred && entry.inference !== null ? <p>{entry.inference.replaceAll('_', ' ')}</p> : null}
        <Table label="Postings" columns={['Account', ['Debit', 'number'], ['Credit', 'number']]}>
          {entry.postings.map((posting, at) => (
            <tr key={at}>
              <Posting of={posting} />
            </tr>
          ))}
        </Table>
        <Section title="Because of" id="because">
          <Facts
            of={[
              ['When', <Time key="when" at={entry.effectiveAt} />],
              [
                'Stripe event',
                <a key="event" href={eventPage(entry.changedBy.stripeEventId)}>
                  {entry.changedBy.type}
                </a>,
              ],
              ['Invoice', invoice === null ? null : <Id key="invoice" id={invoice} href={invoicePage(invoice)} />],
              ['Object', object === null ? null : <Id key="object" id={object} />],
              [
                'Customer',
                customer === null ? null : <Id key="customer" id={customer} href={customerPage(customer)} />,
              ],
              [
                'Subscription',
                subscription === null ? null : (
                  <Id key="subscription" id={subscription} href={subscriptionPage(subscription)} />
                ),
              ],
              ['Book', <Id key="book" id={entry.book} href={withQuery('/console/journal', { book: entry.book })} />],
            ]}
          />
        </Section>
      </>
    ),
  };
}

/** Which entries does a figure come from? */
export const JOURNAL = page<Data>({
  path: '/journal',
  scope: 'read',
  load: (ledger, { query }) =>
    ledger.read('/v1/journal', {
      ...Object.fromEntries(FILTERS.map((name) => [name, query[name]])),
      cursor: query['cursor'],
      limit: 50,
    }),
  show,
});

/** What does an entry post, and which event caused it? */
export const ENTRY = page<JournalEntry>({
  path: '/journal/:id',
  scope: 'read',
  load: (ledger, { path }) => ledger.read(`/v1/${pathOf('journal', String(path['id']))}`),
  show: showOne,
});
