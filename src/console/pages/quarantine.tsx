import type { EventEntry, List, OneEvent } from '../answers.js';
import { pathOf, withQuery, type Ledger } from '../ledger.js';
import { page, type Shown } from '../page.js';
import { eventPage } from '../places.js';
import { Empty, Next, Section, Table } from '../parts/layout.js';
import { Id, Mark, Time } from '../parts/text.js';

/** The meaning of each cause of quarantine. */
const REASONS: Readonly<Record<string, string>> = {
  conflict:
    'A different body arrived with an id and API version that the log already has. The first one counts. Stripe does not do this: the sender has your signing secret, so rotate it.',
  stream_deleted:
    'The stream of its object was permanently deleted in the event store, which accepts no more events for it.',
  no_object: 'The event has no object that a stream could be named after.',
  no_real_id:
    'The event or its object has no real id, as in samples from tools. No data of a real customer is missing.',
  thin_event: 'The event belongs to Stripe’s API v2 and contains no object. Select snapshot events at the endpoint.',
  envelope: 'Another service wrapped the event in its own envelope. Let Stripe deliver directly.',
  not_an_event: 'The body is JSON but not a Stripe event.',
};
const EXAMPLES_MAX = 50;

function show({ data, nextCursor }: List<EventEntry>): Shown {
  const reasons = new Map<string, EventEntry[]>();
  for (const event of data)
    reasons.set(event.quarantine ?? '', [...(reasons.get(event.quarantine ?? '') ?? []), event]);
  return {
    title: 'Quarantine',
    nav: 'Quarantine',
    main: (
      <>
        <h1>Quarantine</h1>
        <p>
          Events with a valid signature that belong to no object. They are stored and answered with 200, so Stripe does
          not resend them.
        </p>
        {data.length === 0 ? (
          <Empty>
            <p>The quarantine is empty.</p>
          </Empty>
        ) : (
          [...reasons].map(([reason, events]) => (
            <Section
              key={reason}
              title={reason.replaceAll('_', ' ')}
              id={`reason-${reason}`}
              aside={<span class="dim">{events.length} on this page</span>}
            >
              <p>{REASONS[reason]}</p>
              <Table
                label={`Quarantined: ${reason.replaceAll('_', ' ')}`}
                columns={['Received', 'Type', 'Id', 'Endpoint', 'Body']}
              >
                {events.slice(0, EXAMPLES_MAX).map((event) => (
                  <tr key={event.position}>
                    <td>
                      <Time at={event.receivedAt ?? event.recordedAt} />
                    </td>
                    <td>
                      <a href={eventPage(event.eventId)}>{event.type}</a>
                    </td>
                    <td>
                      <Id id={event.stripeEventId ?? event.eventId} />
                    </td>
                    <td>{event.endpoint}</td>
                    <td>
                      <a href={`/console/quarantine/${pathOf(event.eventId)}`}>
                        {reason === 'conflict' ? 'Compare the two' : 'Look'}
                      </a>
                    </td>
                  </tr>
                ))}
              </Table>
            </Section>
          ))
        )}
        <Next href={nextCursor === null ? null : withQuery('/console/quarantine', { cursor: nextCursor })} />
      </>
    ),
  };
}

/** Which deliveries fit into no stream? */
export const QUARANTINE = page<List<EventEntry>>({
  path: '/quarantine',
  scope: 'read',
  load: (ledger, { query }) => ledger.read('/v1/events', { quarantine: 'true', limit: 100, cursor: query['cursor'] }),
  show,
});

type Pair = Readonly<{ event: OneEvent; body: string; first: OneEvent | null; firstBody: string }>;

async function loadPair(ledger: Ledger, id: string): Promise<Pair> {
  const bodyOf = (one: string): Promise<string> => ledger.text(`/v1/${pathOf('events', one, 'body')}`);
  const event = await ledger.read<OneEvent>(`/v1/${pathOf('events', id)}`);
  const named =
    event.stripeEventId === null ? null : await ledger.find<OneEvent>(`/v1/${pathOf('events', event.stripeEventId)}`);
  const first = named?.eventId === event.eventId ? null : named;
  return { event, body: await bodyOf(id), first, firstBody: first === null ? '' : await bodyOf(first.eventId) };
}

const LINES_MAX = 3_000;

function linesOf(body: string): string[] {
  let text = body;
  try {
    text = JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    // A body that is not JSON is shown as it is.
  }
  return text.split('\n').slice(0, LINES_MAX);
}

/** Lines of a body; those that the other body lacks are marked. */
const Lines = ({
  title,
  lines,
  others,
}: {
  title: string;
  lines: readonly string[];
  others: ReadonlySet<string> | null;
}) => (
  <div>
    <h2>{title}</h2>
    <pre class="body" tabIndex={0} role="region" aria-label={title}>
      <code>
        {lines.map((line, at) =>
          others === null || others.has(line) ? `${line}\n` : <mark key={at}>{`${line}\n`}</mark>,
        )}
      </code>
    </pre>
  </div>
);

function showPair({ event, body, first, firstBody }: Pair): Shown {
  const [own, others] = [linesOf(body), linesOf(firstBody)];
  return {
    title: `Quarantined ${event.stripeEventId ?? event.eventId}`,
    nav: 'Quarantine',
    main: (
      <>
        <p class="over">Quarantine</p>
        <h1>{event.type}</h1>
        <p class="under">
          <Id id={event.stripeEventId ?? event.eventId} />{' '}
          <Mark tone="warn">{(event.quarantine ?? 'not quarantined').replaceAll('_', ' ')}</Mark>
        </p>
        <p>{REASONS[event.quarantine ?? '']}</p>
        <div class="columns">
          {first === null ? null : (
            <Lines
              title={`The one that counts, of ${first.endpoint ?? 'no endpoint'}`}
              lines={others}
              others={new Set(own)}
            />
          )}
          <Lines
            title={`The one in quarantine, of ${event.endpoint ?? 'no endpoint'}`}
            lines={own}
            others={first === null ? null : new Set(others)}
          />
        </div>
      </>
    ),
  };
}

/** What does a quarantined body contain, and how does it differ from the one that counts? */
export const QUARANTINED = page<Pair>({
  path: '/quarantine/:id',
  scope: 'read',
  load: (ledger, { path }) => loadPair(ledger, String(path['id'])),
  show: showPair,
});
