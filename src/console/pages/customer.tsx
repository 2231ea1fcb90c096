import { includesScope } from '../../http/tokens.js';
import { policyOf, reasonText, wayBack } from '../access-words.js';
import type {
  Access,
  AccessChange,
  Customer,
  Dispute,
  EventEntry,
  Everything,
  Grant,
  List,
  Payment,
  Product,
  Subscription,
  Timeline,
  TimelineEntry,
} from '../answers.js';
import { pathOf, withQuery, type Ledger } from '../ledger.js';
import { page, type Frame, type Shown } from '../page.js';
import { customerPage, eventPage, invoicePage, subscriptionPage } from '../places.js';
import { History, productsOf } from '../parts/access-decision.js';
import { Empty, Facts, Section, Table, Verdict } from '../parts/layout.js';
import { LookNow } from '../parts/look-now.js';
import { dayText, Id, Mark, Money, Status, Time, Unknown } from '../parts/text.js';
import { Changes, EventLine, Marks } from '../parts/timeline.js';
import { nameIn, namedProducts } from '../products.js';
import { kindOf, ProblemError } from '../../http/problem.js';

const ROWS_MAX = 20;
/** The joined timeline covers at most this many subscriptions; each has a page with its own timeline. */
const FOLLOWED_MAX = 3;
const ENTRIES_MAX = 40;
const CHANGES_SHOWN = 3;

type TimelineItem = Pick<TimelineEntry, 'stripeEventId' | 'type' | 'object' | 'created'> &
  Readonly<{ entry: TimelineEntry | null }>;
type Data = Readonly<{
  id: string;
  everything: Everything;
  access: Access;
  changes: List<AccessChange> | null;
  products: readonly Product[];
  disputes: readonly Dispute[];
  happened: readonly TimelineItem[];
}>;

async function load(ledger: Ledger, id: string, product: string | undefined): Promise<Data> {
  const base = `/v1/${pathOf('customers', id)}`;
  const everything = await ledger.read<Everything>(base, { limit: ROWS_MAX });
  const [access, disputes] = await Promise.all([
    ledger.read<Access>(`${base}/access`, { product }),
    ledger.read<List<Dispute>>('/v1/disputes', { customer: id, limit: ROWS_MAX }),
  ]);
  const named = everything.subscriptions.data.flatMap(({ items }) => items.flatMap((item) => item.product ?? []));
  const changes = await orNothing(ledger.read<List<AccessChange>>(`${base}/access-changes`, { limit: CHANGES_SHOWN }));
  const products = await namedProducts(ledger, [
    ...(product === undefined ? [] : [product]),
    ...named,
    ...(changes?.data ?? []).flatMap(productsOf),
  ]);
  const happened = await timelineOf(ledger, id, everything.subscriptions.data.slice(0, FOLLOWED_MAX));
  return { id, everything, access, changes, products, disputes: disputes.data, happened };
}

/** Events, newest first: those of the newest subscriptions with their linked objects, and the customer's own. */
async function timelineOf(ledger: Ledger, id: string, subscriptions: readonly Subscription[]): Promise<TimelineItem[]> {
  const happened: TimelineItem[] = [];
  for (const { id: subscription } of subscriptions) {
    const path = `/v1/${pathOf('subscriptions', subscription, 'events')}`;
    const timeline = await orNothing(ledger.find<Timeline>(path, { include: 'linked', limit: 200 }));
    happened.push(...(timeline?.data ?? []).map((entry) => ({ ...entry, entry })));
  }
  const own = await ledger.find<Readonly<{ data: readonly EventEntry[] }>>(
    `/v1/${pathOf('streams', `customer-${id}`)}`,
    { limit: 100 },
  );
  for (const { stripeEventId, type, object, created } of own?.data ?? [])
    if (stripeEventId !== null && created !== null)
      happened.push({ stripeEventId, type, object, created, entry: null });
  const unique = [...new Map(happened.map((one) => [one.stripeEventId, one])).values()];
  return unique.sort((a, b) => (a.created < b.created ? 1 : a.created > b.created ? -1 : 0)).slice(0, ENTRIES_MAX);
}

/** Returns null where an answer is unavailable now, so that the rest of the page is shown. */
async function orNothing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (
      error instanceof ProblemError &&
      (error.problem.code.startsWith('past_') || kindOf(error.problem).status === 503)
    )
      return null;
    throw error;
  }
}

function show(data: Data, frame: Frame): Shown {
  const { visitor, asked } = frame;
  const { id, everything, access, products, disputes } = data;
  const { customer, subscriptions, invoices, payments, paymentMethods } = everything;
  const mayLook = includesScope(visitor.scope, 'read');
  const name = customer?.name ?? customer?.email ?? id;
  return {
    title: name,
    live: mayLook ? `/v1/${pathOf('customers', id, 'live')}` : undefined,
    main: (
      <>
        <p class="over">Customer</p>
        <h1>{name}</h1>
        <p class="under">
          <Id id={id} /> {customer?.email === null || customer === null ? null : <span>{customer.email}</span>}{' '}
          {customer?.isDeleted === true ? <Mark tone="bad">deleted in Stripe</Mark> : null}
          {customer === null ? <Mark tone="warn">known only from other objects</Mark> : null}
        </p>
        <AccessVerdict access={access} products={products} product={asked.query['product']} mayLook={mayLook} />
        <LookNow kind="customers" id={id} frame={frame} />
        <AccessHistory data={data} mayLook={mayLook} />
        <Section title="Subscriptions" id="subscriptions">
          <Subscriptions of={subscriptions.data} products={products} />
        </Section>
        <Section title="Invoices" id="invoices">
          <Invoices of={invoices.data} mayLook={mayLook} />
        </Section>
        <Section title="Payments" id="payments">
          <Payments of={payments.data} mayLook={mayLook} />
        </Section>
        {disputes.length === 0 ? null : (
          <Section title="Disputes" id="disputes">
            <Disputes of={disputes} mayLook={mayLook} />
          </Section>
        )}
        <PaymentMethods of={paymentMethods} />
        <WhatHappened data={data} mayLook={mayLook} />
        {customer === null ? null : <OwnFacts customer={customer} mayLook={mayLook} />}
      </>
    ),
  };
}

const AccessHistory = ({ data: { id, changes, products }, mayLook }: { data: Data; mayLook: boolean }) => (
  <Section
    title="Access history"
    id="history"
    aside={changes?.nextCursor == null ? null : <a href={`${customerPage(id)}/access-changes`}>All decisions</a>}
  >
    {changes === null ? (
      <Empty>
        <p>The decisions cannot be shown: the event store does not answer.</p>
      </Empty>
    ) : (
      <History of={changes.data} nameOf={nameIn(products)} mayLook={mayLook} />
    )}
  </Section>
);

const PaymentMethods = ({ of: paymentMethods }: { of: Everything['paymentMethods'] }) => (
  <Section title="Payment methods" id="methods">
    {paymentMethods.length === 0 ? (
      <Empty>
        <p>None known.</p>
      </Empty>
    ) : (
      <ul class="plainlist">
        {paymentMethods.map((one) => (
          <li key={one.id}>
            {one.brand ?? one.type ?? 'payment method'} {one.last4 === null ? null : <>ending in {one.last4}</>}
            {one.expiresAt === null ? null : <> until {dayText(one.expiresAt)}</>}{' '}
            {one.isDefault ? <Mark tone="good">default</Mark> : null}{' '}
            {one.isDeleted ? <Mark tone="calm">detached</Mark> : null}
          </li>
        ))}
      </ul>
    )}
  </Section>
);

function WhatHappened({ data: { everything, happened }, mayLook }: { data: Data; mayLook: boolean }) {
  const { customer, subscriptions } = everything;
  return (
    <Section title="Timeline" id="happened">
      <p class="dim">
        Newest first, for the customer and{' '}
        {subscriptions.data.length > FOLLOWED_MAX ? `the ${FOLLOWED_MAX} newest subscriptions` : 'all subscriptions'}{' '}
        with their invoices, payments, refunds and disputes.
      </p>
      {happened.length === 0 ? (
        <Empty>
          <p>There are no events of this customer or its subscriptions.</p>
        </Empty>
      ) : (
        <ol class="timeline">
          {happened.map((one) => (
            <li key={one.stripeEventId}>
              <EventLine entry={one} mayLook={mayLook} />
              {one.entry === null ? null : (
                <>
                  <Marks entry={one.entry} />
                  <Changes changes={one.entry.changes} currency={customer?.currency ?? null} />
                </>
              )}
            </li>
          ))}
        </ol>
      )}
    </Section>
  );
}

const OwnFacts = ({ customer, mayLook }: { customer: Customer; mayLook: boolean }) => (
  <Section title="Customer" id="customer">
    <Facts
      of={[
        ['Created', <Time key="created" at={customer.createdAt} />],
        ['Reference', customer.reference],
        ['Currency', customer.currency?.toUpperCase()],
        [
          'Balance',
          customer.balanceMinor === null ? null : (
            <Money key="balance" minor={customer.balanceMinor} currency={customer.currency} />
          ),
        ],
        [
          'Last change',
          mayLook ? (
            <a href={eventPage(customer.changedBy.stripeEventId)}>{customer.changedBy.type}</a>
          ) : (
            customer.changedBy.type
          ),
        ],
        ['Mode', customer.livemode ? 'live' : 'test'],
        [
          'Money',
          mayLook ? (
            <>
              <a href={withQuery('/console/journal', { customer: customer.id })}>Journal</a>,{' '}
              <a href={withQuery('/console/mrr/movements', { customer: customer.id })}>MRR movements</a>
            </>
          ) : null,
        ],
      ]}
    />
  </Section>
);

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The access decision in words: whether, to what, since or until when, and why. */
function AccessVerdict({
  access,
  products,
  product,
  mayLook,
}: {
  access: Access;
  products: readonly Product[];
  product: string | undefined;
  mayLook: boolean;
}) {
  const { granted, until, reason, isComplete } = access;
  const nameOf = nameIn(products);
  const asked = product === undefined || product === '' ? access.products : [product];
  const to = asked.length === 0 ? '' : ` to ${asked.map(nameOf).join(', ')}`;
  const back = granted ? null : wayBack(reason);
  const policy = policyOf(reason);
  const end = until === null ? null : dayText(until);
  const head = granted
    ? `Access${to}${end === null ? '' : ` until ${end}`}`
    : `No access${to}${end === null ? '' : ` since ${end}`}`;
  return (
    <Verdict tone={granted ? 'good' : 'bad'}>
      <h2 class="unseen">Access</h2>
      <p class="sentence">
        <strong>{head}</strong>: {reasonText(reason, until)}.
      </p>
      {back === null ? null : (
        <p>
          <strong>What restores access:</strong> {back}
        </p>
      )}
      {isComplete ? null : (
        <p>
          <Mark tone="warn">may be wrong</Mark> An event is missing or could not be read
          {access.unseenSubscriptions.length === 0
            ? ''
            : `; no event has arrived for ${access.unseenSubscriptions.join(', ')}`}
          . Compare with Stripe.
        </p>
      )}
      {reason.isStale === true ? (
        <p>
          <Mark tone="warn">outdated</Mark> The stream of the subscription is parked, so later events are not part of
          this answer.
        </p>
      ) : null}
      <p class="because">
        {reason.changedBy === undefined ? null : (
          <span>
            Because of{' '}
            {mayLook ? (
              <a href={eventPage(reason.changedBy.stripeEventId)}>{reason.changedBy.type}</a>
            ) : (
              reason.changedBy.type
            )}{' '}
            of <Time at={reason.changedBy.created} />
          </span>
        )}
        {reason.subscription === undefined ? null : (
          <span>
            Subscription <Id id={reason.subscription} href={subscriptionPage(reason.subscription)} />
          </span>
        )}
        {policy === null ? null : (
          <span>
            Policy <code>{policy}</code>
          </span>
        )}
      </p>
      {products.length < 2 ? null : (
        <form class="pick">
          <label for="product">Access to</label>
          <select id="product" name="product" data-submit="">
            <option value="">anything</option>
            {products.map((one) => (
              <option key={one.id} value={one.id} selected={one.id === product}>
                {one.name ?? one.id}
              </option>
            ))}
          </select>
          <button type="submit">Show</button>
        </form>
      )}
      <Considered grants={access.considered} nameOf={nameOf} />
    </Verdict>
  );
}

function Considered({ grants, nameOf }: { grants: readonly Grant[]; nameOf: (id: string) => string }) {
  if (grants.length < 2) return null;
  return (
    <details>
      <summary>All {grants.length} that were considered</summary>
      <ul class="considered">
        {grants.map(({ granted, until, products, reason }) => (
          <li key={`${reason.subscription ?? reason.lookupKey} ${products.join()}`}>
            <Mark tone={granted ? 'good' : 'bad'}>{granted ? 'access' : 'no access'}</Mark>{' '}
            {products.map(nameOf).join(', ')}
            {until === null ? '' : ` ${granted ? 'until' : 'since'} ${dayText(until)}`}.{' '}
            {capital(reasonText(reason, until))}.{' '}
            {reason.subscription === undefined ? null : (
              <Id id={reason.subscription} href={subscriptionPage(reason.subscription)} />
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Subscriptions({ of, products }: { of: readonly Subscription[]; products: readonly Product[] }) {
  if (of.length === 0)
    return (
      <Empty>
        <p>
          No subscriptions are known. If Stripe shows one, enable customer.subscription.* at the endpoint and resend its
          events.
        </p>
      </Empty>
    );
  return (
    <Table label="Subscriptions" columns={['Subscription', 'Status', 'Since', 'What', 'Period ends']}>
      {of.map((one) => (
        <tr key={one.id}>
          <td>
            <Id id={one.id} href={subscriptionPage(one.id)} />
          </td>
          <td>
            <Status of={one.status} />{' '}
            {one.cancelAt === null && !one.cancelAtPeriodEnd ? null : one.endedAt !== null ? null : (
              <Mark tone="warn">set to end</Mark>
            )}{' '}
            {one.stale === undefined ? null : <Mark tone="warn">outdated</Mark>}
          </td>
          <td>
            <Time at={one.statusSince} as="day" />
          </td>
          <td>
            {one.items
              .map(({ product, quantity }) =>
                `${quantity ?? ''} ${products.find(({ id }) => id === product)?.name ?? product ?? ''}`.trim(),
              )
              .join(', ')}
          </td>
          <td>
            <Time at={one.endedAt ?? one.periodEnd} as="day" />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Invoices({ of, mayLook }: { of: Everything['invoices']['data']; mayLook: boolean }) {
  if (of.length === 0)
    return (
      <Empty>
        <p>None known.</p>
      </Empty>
    );
  return (
    <Table
      label="Invoices, newest first"
      columns={['Invoice', 'Status', 'Created', ['Total', 'number'], ['Open', 'number'], 'Attempts']}
    >
      {of.map((one) => (
        <tr key={one.id}>
          <td>
            <Id id={one.number ?? one.id} href={mayLook ? invoicePage(one.id) : null} />
          </td>
          <td>
            <Status of={one.status} />
          </td>
          <td>
            <Time at={one.createdAt} as="day" />
          </td>
          <td class="number">
            <Money minor={one.totalMinor} currency={one.currency} />
          </td>
          <td class="number">
            <Money minor={one.amountRemainingMinor} currency={one.currency} />
          </td>
          <td>
            {one.attemptCount ?? <Unknown />}
            {one.nextPaymentAttempt === null ? null : (
              <span class="dim">
                , next <Time at={one.nextPaymentAttempt} as="day" />
              </span>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** The cause of a failed payment attempt: Stripe's message and code. */
const failureText = ({ failureMessage, declineCode, failureCode }: Payment['charges'][number]): string | null =>
  failureCode === null && failureMessage === null
    ? null
    : [failureMessage, declineCode ?? failureCode].filter((part) => part !== null).join(' ');

function Payments({ of, mayLook }: { of: readonly Payment[]; mayLook: boolean }) {
  if (of.length === 0)
    return (
      <Empty>
        <p>None known.</p>
      </Empty>
    );
  return (
    <Table
      label="Payments with their attempts, newest first"
      columns={['Payment', 'Status', ['Amount', 'number'], 'Attempts', 'For']}
    >
      {of.map((one) => (
        <tr key={one.id}>
          <td>
            <Id id={one.id} href={mayLook ? `/console/objects/${pathOf('payments', one.id)}` : null} />
          </td>
          <td>
            <Status of={one.status} /> {(one.amountRefundedMinor ?? 0) > 0 ? <Mark tone="warn">refunded</Mark> : null}{' '}
            {(one.amountDisputedMinor ?? 0) > 0 ? <Mark tone="bad">disputed</Mark> : null}
          </td>
          <td class="number">
            <Money minor={one.amountMinor} currency={one.currency} />
          </td>
          <td>
            <ol class="attempts">
              {one.charges.map((charge) => (
                <li key={charge.id}>
                  <Time at={charge.createdAt} as="day" /> <Status of={charge.status} /> {failureText(charge)}
                </li>
              ))}
            </ol>
            {one.charges.length === 0 && one.paymentIntent !== null ? failureText(one.paymentIntent) : null}
          </td>
          <td>
            <ul class="lines">
              {one.invoices.map(({ id, number }) => (
                <li key={id}>
                  <Id id={number ?? id} href={mayLook ? invoicePage(id) : null} />
                </li>
              ))}
            </ul>
          </td>
        </tr>
      ))}
    </Table>
  );
}

const Disputes = ({ of, mayLook }: { of: readonly Dispute[]; mayLook: boolean }) => (
  <Table
    label="Disputes, newest first"
    columns={['Dispute', 'Status', 'Reason', ['Amount', 'number'], 'Created', 'Evidence due']}
  >
    {of.map((one) => (
      <tr key={one.id}>
        <td>
          <Id id={one.id} href={mayLook ? `/console/objects/${pathOf('disputes', one.id)}` : null} />
        </td>
        <td>
          <Status of={one.status} /> {one.isInquiry ? <Mark tone="calm">inquiry</Mark> : null}
        </td>
        <td>{one.reason?.replaceAll('_', ' ')}</td>
        <td class="number">
          <Money minor={one.amountMinor} currency={one.currency} />
        </td>
        <td>
          <Time at={one.createdAt} as="day" />
        </td>
        <td>
          <Time at={one.evidenceDueBy} as="day" />
        </td>
      </tr>
    ))}
  </Table>
);

/** Why does this customer have access, or not? */
export const CUSTOMER = page<Data>({
  path: '/customers/:id',
  scope: 'access',
  load: (ledger, { path, query }) => load(ledger, String(path['id']), query['product']),
  show,
});
