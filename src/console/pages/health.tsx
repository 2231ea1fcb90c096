import type { Scope } from '../../config/secrets.js';
import type { StatusAnswer } from '../answers.js';
import { counted } from '../operation-words.js';
import { page, type Frame, type Shown } from '../page.js';
import { includesScope } from '../../http/tokens.js';
import { eventPage } from '../places.js';
import { Bars } from '../parts/charts.js';
import { Empty, Facts, maySee, Section, Table, Verdict } from '../parts/layout.js';
import { durationText, Id, Status, Time, toneOf, Type, Unknown } from '../parts/text.js';

type Concern = StatusAnswer['concerns'][number];

/** The remedy for each concern of /v1/status by its code, and the page to look at. */
const REMEDIES: Readonly<Record<string, readonly [todo: string, href: string | null, where: string | null]>> = {
  bad_signature: [
    'Compare the signing secret of each endpoint in Stripe (Developers, Webhooks) with STRIPE_WEBHOOK_SECRETS. Add the missing one, restart, and let Stripe resend; it retries for three days. The log has the sender’s address and the labels that were tried.',
    '/console/events',
    'See which endpoints still deliver',
  ],
  too_large: ['Raise APPEND_BYTES_MAX, first at the event store, then resend the events in Stripe.', null, null],
  refusing: [
    'Nothing is lost: Stripe retries. If this continues, check the disk of the event store or add processes that accept webhooks.',
    null,
    null,
  ],
  parked: [
    'Read the cause, fix it or wait for a release that fixes it, then replay.',
    '/console/parked',
    'Parked streams',
  ],
  behind: [
    'Wait while it catches up. If the lag grows, check Postgres: locks, disk, connections.',
    '/console/projections',
    'Projections',
  ],
  not_built: ['Wait. Reads answer from the previous generation.', '/console/projections', 'Projections'],
  nobody_projects: ['Start a process with the role project.', '/console/projections', 'Projections'],
  rows_wrong: [
    'Run a verification from the projections page; it shows the rows and what the log gives. Then rebuild what is wrong.',
    '/console/projections',
    'Projections',
  ],
  other_log: [
    'Either EVENTSTORE_URL is wrong: correct it. Or the event store was restored: drop the schema of the read models and start again.',
    null,
    null,
  ],
  access_held: [
    'Your application does not receive these changes until you approve them. Check that they are right: a changed rule or a mistake in Stripe can end the access of many customers.',
    '/console/access-changes',
    'Held changes',
  ],
  outbox_behind: [
    'Nothing is lost: the changes are delivered in order when the endpoint answers 2xx. Check its log.',
    null,
    null,
  ],
  outbox_stopped: [
    'Repair the receiver and give it another URL. Delivery then continues with the current state.',
    null,
    null,
  ],
  clock_skew: ['Synchronize the clocks of both machines with NTP. Stripe resends what was refused.', null, null],
  refused: ['Check the logs of the event store and of the ledger. Stripe resends the events.', null, null],
  not_writable: ['Free space on the disk of the event store. Stripe resends what was refused.', null, null],
  store_refuses: ['Give the ledger a user that may read and append: see docs/configuration.md.', null, null],
  database_away: [
    'Start Postgres, or correct DATABASE_URL. Events are still stored, and the rows catch up afterwards.',
    null,
    null,
  ],
  store_away: ['Start the event store, or correct EVENTSTORE_URL. Stripe resends what was refused.', null, null],
};

/** Outcomes of deliveries in the order of the bars, with the class of their colour. */
const OUTCOMES: readonly (readonly [outcome: string, kind: string, says: string])[] = [
  ['appended', 'good', 'stored'],
  ['duplicate', 'calm', 'duplicates'],
  ['quarantined', 'warn', 'quarantined'],
  ['bad_signature', 'bad', 'bad signature'],
];
const OTHERS = ['other', 'bad', 'refused for another reason'] as const;

const PROJECTED_BY: Readonly<Record<string, string>> = {
  this_process: 'this process',
  another_process: 'another process',
  nobody: 'nobody',
  unknown: 'not known',
};

function show(status: StatusAnswer, { visitor }: Frame): Shown {
  const mayRead = includesScope(visitor.scope, 'read');
  const { lastEvent, intake, reads, projecting, verified, versions } = status;
  return {
    title: 'Health',
    nav: 'Health',
    refreshS: 10,
    main: (
      <>
        <h1>Health</h1>
        <Verdict tone={toneOf(status.state)}>
          <p class="sentence">
            <Status of={status.state} /> {status.sentence}
          </p>
        </Verdict>
        {status.concerns.length === 0 ? null : (
          <Section title="What to do" id="todo">
            <ul class="todo">
              {status.concerns.map((concern) => (
                <Todo key={concern.code} concern={concern} scope={visitor.scope} />
              ))}
            </ul>
          </Section>
        )}
        {lastEvent === null && status.log.state === 'empty' ? <FirstEvent /> : null}
        <Section title="Now" id="now">
          <div class="cards">
            <Card
              name="Last event"
              value={lastEvent === null ? <Unknown /> : `${durationText(lastEvent.ageSeconds)} ago`}
            >
              {lastEvent === null ? null : mayRead && lastEvent.stripeEventId !== null ? (
                <a href={eventPage(lastEvent.stripeEventId)}>
                  <Type of={lastEvent.type} />
                </a>
              ) : (
                <Type of={lastEvent.type} />
              )}
            </Card>
            <Card name="Read models" value={lagText(reads.lagSeconds)}>
              projected by {PROJECTED_BY[projecting.by] ?? projecting.by}
            </Card>
            <Card name="Waiting" value={intake.waiting ?? <Unknown />}>
              deliveries waiting for the event store
            </Card>
            <Card name="Parked" value={reads.parkedStreams ?? <Unknown />}>
              {visitor.scope === 'admin' ? (
                <a href="/console/parked">streams that could not be folded</a>
              ) : (
                'streams that could not be folded'
              )}
            </Card>
            <Card name="Quarantined" value={reads.quarantinedEvents ?? <Unknown />}>
              {mayRead ? (
                <a href="/console/quarantine">events that belong to no object</a>
              ) : (
                'events that belong to no object'
              )}
            </Card>
            <Card name="Verified" value={verified?.folds ?? <Unknown />}>
              {verified === null ? 'in another process' : `streams folded again, ${verified.faults} rows were wrong`}
            </Card>
          </div>
        </Section>
        <Intake minutes={intake.minutes} />
        <Section title="Versions" id="versions">
          <Facts
            of={[
              ['Ledger', versions.ledger],
              ['Node', versions.node],
              ['Postgres', versions.postgres ?? <Unknown />],
              ['Log', <Id key="log" id={status.log.name} />],
              ['Asked', <Time key="at" at={status.at} />],
            ]}
          />
        </Section>
      </>
    ),
  };
}

const Card = ({
  name,
  value,
  children,
}: {
  name: string;
  value: preact.ComponentChildren;
  children: preact.ComponentChildren;
}) => (
  <div class="card">
    <h3>{name}</h3>
    <p class="value">{value}</p>
    <p class="dim">{children}</p>
  </div>
);

function Todo({ concern: { code, severity, text }, scope }: { concern: Concern; scope: Scope }) {
  const [todo, href, where] = REMEDIES[code] ?? ['', null, null];
  return (
    <li>
      <Status of={severity} /> <strong>{text}</strong> {todo}{' '}
      {href === null || !maySee(href, scope) ? null : <a href={href}>{where}</a>}
    </li>
  );
}

const lagText = (seconds: number | null): preact.ComponentChildren =>
  seconds === null ? <Unknown /> : seconds < 1 ? 'up to date' : `${durationText(seconds)} behind`;

/** The help before the first event: where to send it, and how. */
const FirstEvent = () => (
  <Empty>
    <h2>No events have arrived yet</h2>
    <p>
      In Stripe, add an endpoint with the address of this service and <code>/webhooks/stripe</code>, and put its signing
      secret in <code>STRIPE_WEBHOOK_SECRETS</code>. On your own machine:
    </p>
    <pre>
      <code>stripe listen --forward-to 127.0.0.1:3000/webhooks/stripe</code>
    </pre>
    <p>
      <code>npm run sample</code> sends a sample event.
    </p>
  </Empty>
);

function Intake({ minutes }: { minutes: StatusAnswer['intake']['minutes'] }) {
  if (minutes === null)
    return (
      <Section title="Intake of the last hour" id="intake">
        <Empty>
          <p>Another process receives the webhooks. Its health page has the numbers.</p>
        </Empty>
      </Section>
    );
  const known = new Set(OUTCOMES.map(([outcome]) => outcome));
  const countsOf = (byOutcome: Readonly<Record<string, number>>): number[] => [
    ...OUTCOMES.map(([outcome]) => byOutcome[outcome] ?? 0),
    Object.entries(byOutcome).reduce((sum, [outcome, count]) => sum + (known.has(outcome) ? 0 : count), 0),
  ];
  const kinds = [...OUTCOMES, OTHERS];
  const rows = minutes.map(({ at, byOutcome }) => ({ at, counts: countsOf(byOutcome) }));
  const totals = kinds.map((_, column) => rows.reduce((sum, { counts }) => sum + (counts[column] ?? 0), 0));
  const description = kinds.map(([, , label], column) => `${counted(totals[column] ?? 0)} ${label}`).join(', ');
  return (
    <Section title="Intake of the last hour" id="intake">
      <ul class="spans">
        {kinds.map(([outcome, kind, label], column) => (
          <li key={outcome} class={`key ${kind}`}>
            {counted(totals[column] ?? 0)} {label}
          </li>
        ))}
      </ul>
      <Bars
        label={`Deliveries of each minute: ${description}`}
        bars={rows.map(({ at, counts }) => ({
          label: at,
          parts: kinds.map(([, kind], column) => ({ kind: `${kind} k${column}`, count: counts[column] ?? 0 })),
        }))}
      />
      <p class="ends">
        <Time at={rows[0]?.at} /> <Time at={rows.at(-1)?.at} />
      </p>
      {rows.length < 60 ? (
        <p class="dim">This process started {rows.length === 1 ? 'a minute' : `${rows.length} minutes`} ago.</p>
      ) : null}
      <details>
        <summary>As a table</summary>
        <Table
          label="Deliveries of each minute by outcome"
          columns={['Minute', ...kinds.map(([, , label]) => [label, 'number'] as const)]}
        >
          {rows.toReversed().map(({ at, counts }) => (
            <tr key={at}>
              <td>
                <Time at={at} />
              </td>
              {counts.map((count, column) => (
                <td key={column} class="number">
                  {count}
                </td>
              ))}
            </tr>
          ))}
        </Table>
      </details>
    </Section>
  );
}

/** Is anything wrong, and since when? */
export const HEALTH = page<StatusAnswer>({
  path: '',
  scope: 'access',
  load: (ledger) => ledger.read('/v1/status'),
  show,
});
