import type { ComponentChildren } from 'preact';
import { includesScope } from '../../http/tokens.js';
import type { Invoice, List, Product, Subscription, Timeline, TimelineEntry } from '../answers.js';
import { pathOf, withQuery, type Ledger } from '../ledger.js';
import { isCounted, momentsOf, questionOf, type Moments } from '../moments.js';
import { page, type Asked, type Frame, type Shown } from '../page.js';
import { customerPage, eventPage, invoicePage, streamPage, subscriptionPage } from '../places.js';
import { Band } from '../parts/charts.js';
import { ArrivalPlot } from '../parts/arrival-plot.js';
import { LookNow } from '../parts/look-now.js';
import { Empty, Next, Section, Table, Verdict } from '../parts/layout.js';
import { Id, Mark, Money, moneyText, Status, Time, timeText, toneOf } from '../parts/text.js';
import { Changes, delayText, EventLine, Marks } from '../parts/timeline.js';
import { nameIn, namedProducts } from '../products.js';

const ENTRIES_MAX = 200;

type Data = Readonly<{
  id: string;
  /** Null until an event of its own has arrived. */
  now: Subscription | null;
  /** As of the requested moments; undefined when those are the present, null when it was unknown then. */
  then: Subscription | null | undefined;
  timeline: Timeline;
  moments: Moments;
  invoices: readonly Invoice[];
  products: readonly Product[];
}>;

async function load(ledger: Ledger, { path, query }: Asked): Promise<Data> {
  const id = String(path['id']);
  const base = `/v1/${pathOf('subscriptions', id)}`;
  const timeline = await ledger.read<Timeline>(`${base}/events`, {
    limit: ENTRIES_MAX,
    after: query['after'],
    include: query['include'] === 'linked' ? 'linked' : null,
  });
  const moments = momentsOf(timeline.data, query);
  const now = await ledger.find<Subscription>(base);
  const then = moments.isPast ? await ledger.find<Subscription>(base, questionOf(timeline.data, moments)) : undefined;
  const invoices = await ledger.read<List<Invoice>>('/v1/invoices', { subscription: id, limit: 20 });
  const named = [now, then].flatMap((row) => row?.items.flatMap(({ product }) => product ?? []) ?? []);
  const products = await namedProducts(ledger, named);
  return { id, now, then, timeline, moments, invoices: invoices.data, products };
}

function show(data: Data, frame: Frame): Shown {
  const { visitor, asked, nowMs } = frame;
  const { id, now, timeline, invoices } = data;
  const mayLook = includesScope(visitor.scope, 'read');
  const entries = timeline.data;
  const isLinked = asked.query['include'] === 'linked';
  const late = entries.filter((entry) => entry.late).length;
  return {
    title: id,
    live: mayLook ? `/v1/${pathOf('subscriptions', id, 'live')}` : undefined,
    main: (
      <>
        <p class="over">
          Subscription{now?.customer === null || now === null ? null : ' of '}
          {now?.customer === null || now === null ? null : <a href={customerPage(now.customer)}>{now.customer}</a>}
        </p>
        <h1 class="id">{id}</h1>
        {now === null ? (
          <Empty>
            <p>
              No event of this subscription has arrived. Enable customer.subscription.* at the endpoint in Stripe and
              resend its events.
            </p>
          </Empty>
        ) : (
          <Standing subscription={now} mayLook={mayLook} />
        )}
        <LookNow kind="subscriptions" id={id} frame={frame} />
        <StatusBand entries={entries} nowMs={nowMs} />
        {entries.length < 2 ? null : <ThenAndNow data={data} isLinked={isLinked} after={asked.query['after']} />}
        <Section
          title="Timeline"
          id="timeline"
          aside={
            <a href={withQuery(subscriptionPage(id), { include: isLinked ? null : 'linked' })}>
              {isLinked ? 'Without payments, refunds and disputes' : 'With payments, refunds and disputes'}
            </a>
          }
        >
          <p class="dim">
            In logical order: as events happened at Stripe, not as they arrived.{' '}
            {late === 0 ? 'No events arrived late.' : `${late} of ${entries.length} arrived late.`}{' '}
            {mayLook ? <a href={streamPage(`subscription-${id}`)}>Order of arrival</a> : null}
          </p>
          <ol class="timeline">
            {entries.map((entry) => (
              <Entry key={entry.stripeEventId} entry={entry} data={data} mayLook={mayLook} />
            ))}
          </ol>
          <Next
            href={
              timeline.nextAfter === null
                ? null
                : withQuery(subscriptionPage(id), { after: timeline.nextAfter, include: asked.query['include'] })
            }
          />
        </Section>
        <Section title="Invoices" id="invoices">
          <Invoices of={invoices} mayLook={mayLook} />
        </Section>
      </>
    ),
  };
}

/** The current state, in a sentence. */
function Standing({ subscription, mayLook }: { subscription: Subscription; mayLook: boolean }) {
  const { status, statusSince, changedBy, stale, cancelAt, cancelAtPeriodEnd, periodEnd, endedAt, previousStatus } =
    subscription;
  const tone = toneOf(status);
  return (
    <Verdict tone={tone}>
      <p class="sentence">
        <Status of={status} /> since <Time at={statusSince} />
        {previousStatus === null ? '' : `, before that ${previousStatus.replaceAll('_', ' ')}`}
        {endedAt === null && (cancelAt !== null || cancelAtPeriodEnd) ? (
          <>
            , set to end <Time at={cancelAt ?? periodEnd} as="day" />
          </>
        ) : null}
        .
      </p>
      {stale === undefined ? null : (
        <p>
          <Mark tone="warn">outdated</Mark> The stream has been parked at revision {stale.revision} since{' '}
          <Time at={stale.since} />: {stale.cause}
        </p>
      )}
      <p class="because">
        <span>
          Last changed by {mayLook ? <a href={eventPage(changedBy.stripeEventId)}>{changedBy.type}</a> : changedBy.type}{' '}
          of <Time at={changedBy.created} />
        </span>
      </p>
    </Verdict>
  );
}

/** The statuses over time. */
function StatusBand({ entries, nowMs }: { entries: readonly TimelineEntry[]; nowMs: number }) {
  const changes = entries.flatMap(({ transition, created }) =>
    transition === null ? [] : [{ to: transition.to, at: Date.parse(created) }],
  );
  const [first] = changes;
  if (first === undefined) return null;
  const end = Math.max(nowMs, ...entries.map(({ created }) => Date.parse(created)));
  const spans = changes.map(({ to, at }, index) => ({
    word: to.replaceAll('_', ' '),
    tone: toneOf(to),
    from: at,
    to: changes[index + 1]?.at ?? end,
  }));
  const description = spans
    .map(({ word, from }) => `${word} from ${timeText(new Date(from).toISOString())}`)
    .join(', then ');
  return (
    <Section title="Status over time" id="band">
      <Band spans={spans} label={description} />
      <ol class="spans">
        {spans.map(({ word, tone, from }) => (
          <li key={from}>
            <Mark tone={tone}>{word}</Mark> <Time at={new Date(from).toISOString()} as="day" />
          </li>
        ))}
      </ol>
    </Section>
  );
}

type NameOf = (product: string) => string;
const itemText = (
  { quantity, product, price, unitAmountMinor, currency, interval, intervalCount }: Subscription['items'][number],
  nameOf: NameOf,
): string =>
  [
    `${quantity ?? ''} ${product === null ? (price ?? 'item') : nameOf(product)}`.trim(),
    unitAmountMinor === null || currency === null ? '' : ` at ${moneyText(unitAmountMinor, currency)}`,
    interval === null ? '' : (intervalCount ?? 1) === 1 ? ` a ${interval}` : ` every ${intervalCount} ${interval}s`,
  ].join('');

/** The fields of a row that are compared between two moments, as texts. */
const FIELDS: readonly (readonly [
  name: string,
  of: (row: Subscription, nameOf: NameOf) => string | null,
  isTime?: boolean,
])[] = [
  ['Status', ({ status }) => status.replaceAll('_', ' ')],
  ['Since', ({ statusSince }) => statusSince, true],
  ['What', ({ items }, nameOf) => items.map((item) => itemText(item, nameOf)).join(', ')],
  ['Period from', ({ periodStart }) => periodStart, true],
  ['Period to', ({ periodEnd }) => periodEnd, true],
  ['Trial ends', ({ trialEnd }) => trialEnd, true],
  [
    'Set to end',
    ({ cancelAt, cancelAtPeriodEnd }) => cancelAt ?? (cancelAtPeriodEnd ? 'at the end of the period' : null),
  ],
  ['Ended', ({ endedAt }) => endedAt, true],
  ['Cancellation reason', ({ cancellationReason }) => cancellationReason?.replaceAll('_', ' ') ?? null],
  ['Collected', ({ collectionMethod }) => collectionMethod?.replaceAll('_', ' ') ?? null],
  ['Latest invoice', ({ latestInvoice }) => latestInvoice],
];

const textOf = (text: string | null, isTime: boolean): string =>
  text === null ? '–' : isTime || /^\d{4}-\d\d-\d\dT/.test(text) ? timeText(text) : text;

/** Two sliders for the events that had happened and those that had arrived, beside a plot of both orders. */
function ThenAndNow({ data, isLinked, after }: { data: Data; isLinked: boolean; after: string | undefined }) {
  const { id, now, then, timeline, moments, products } = data;
  const entries = timeline.data;
  const { arrivals, known, happened, isPast } = moments;
  const rows = FIELDS.map(([name, of, isTime = false]) => {
    const [was, is] = [then === undefined ? now : then, now].map((row) =>
      row === null ? null : textOf(of(row, nameIn(products)), isTime),
    );
    return { name, was: was ?? null, is: is ?? null };
  }).filter(({ was, is }) => was !== '–' || is !== '–');
  return (
    <Section
      title="True at, known at"
      id="moments"
      aside={isPast ? <a href={subscriptionPage(id)}>Back to now</a> : null}
    >
      <form class="moments">
        <div>
          {isLinked ? <input type="hidden" name="include" value="linked" /> : null}
          {after === undefined ? null : <input type="hidden" name="after" value={after} />}
          <Slider
            id="true"
            label="True at: what had happened at Stripe"
            value={happened}
            words={entries.map(({ type, created }) => `${timeText(created)}, ${type}`)}
          />
          <Slider
            id="known"
            label="Known at: what the ledger had received"
            value={known}
            words={arrivals.map(
              (entry) =>
                `event ${arrivals.indexOf(entry) + 1} of ${arrivals.length}, revision ${entry.revision}, ${entry.receivedAt === null ? '' : timeText(entry.receivedAt)}${entry.late ? `, late${delayText(entry) === null ? '' : ` by ${delayText(entry)}`}` : ''}`,
            )}
          />
          <button type="submit" class="plain without-script">
            Show
          </button>
        </div>
        <ArrivalPlot entries={entries} moments={moments} />
      </form>
      {then === null ? (
        <Empty>
          <p>This subscription was not known at that time.</p>
        </Empty>
      ) : (
        <Table
          label="The subscription at these moments, and now"
          columns={isPast ? ['Field', 'Then', 'Now'] : ['Field', 'Now']}
        >
          {rows.map(({ name, was, is }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {isPast ? <td>{was === is ? was : <Differs>{was}</Differs>}</td> : null}
              <td>{is}</td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}

const Differs = ({ children }: { children: ComponentChildren }) => (
  <>
    <strong class="changed">{children}</strong> <span class="dim">(different now)</span>
  </>
);

const Slider = ({
  id,
  label,
  value,
  words,
}: {
  id: string;
  label: string;
  value: number;
  words: readonly string[];
}) => (
  <div class="field">
    <label for={id}>{label}</label>
    <input
      type="range"
      id={id}
      name={id}
      min={1}
      max={words.length}
      value={value}
      data-submit=""
      data-words={words.join('|')}
      aria-valuetext={words[value - 1] ?? ''}
    />
    <output id={`${id}-word`} for={id}>
      {words[value - 1]}
    </output>
  </div>
);

function Entry({
  entry,
  data: { id, timeline, moments, now },
  mayLook,
}: {
  entry: TimelineEntry;
  data: Data;
  mayLook: boolean;
}) {
  const entries = timeline.data;
  const counts = isCounted(entry, entries, moments);
  const arrival = moments.arrivals.indexOf(entry) + 1;
  const kinds = [entry.late ? 'late' : '', counts ? '' : 'unknown'].filter(Boolean).join(' ');
  return (
    <li {...(kinds === '' ? {} : { class: kinds })}>
      <EventLine entry={entry} mayLook={mayLook} />
      <p class="marks">
        <Marks entry={entry} /> {counts ? null : <Mark tone="calm">not known then</Mark>}{' '}
        <a class="quiet" href={withQuery(subscriptionPage(id), { known: arrival })}>
          arrived as {arrival} of {entries.length}
        </a>
      </p>
      <Changes changes={entry.changes} currency={now?.currency ?? null} />
    </li>
  );
}

function Invoices({ of, mayLook }: { of: readonly Invoice[]; mayLook: boolean }) {
  if (of.length === 0)
    return (
      <Empty>
        <p>No invoices are known.</p>
      </Empty>
    );
  return (
    <Table
      label="Invoices, newest first"
      columns={['Invoice', 'Status', 'For', 'Created', ['Total', 'number'], ['Open', 'number']]}
    >
      {of.map((one) => (
        <tr key={one.id}>
          <td>
            <Id id={one.number ?? one.id} href={mayLook ? invoicePage(one.id) : null} />
          </td>
          <td>
            <Status of={one.status} />
          </td>
          <td>{one.billingReason?.replaceAll('_', ' ')}</td>
          <td>
            <Time at={one.createdAt} as="day" />
          </td>
          <td class="number">
            <Money minor={one.totalMinor} currency={one.currency} />
          </td>
          <td class="number">
            <Money minor={one.amountRemainingMinor} currency={one.currency} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** What happened, in which order, and when did it become known? */
export const SUBSCRIPTION = page<Data>({ path: '/subscriptions/:id', scope: 'access', load, show });
