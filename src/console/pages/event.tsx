import { createHash } from 'node:crypto';
import type { EventEntry, OneEvent } from '../answers.js';
import { pathOf, type Ledger } from '../ledger.js';
import { page, type Frame, type Shown } from '../page.js';
import { eventPage, pageOfObject, pageOfRow, streamPage } from '../places.js';
import { Facts, Section, Table, Verdict } from '../parts/layout.js';
import { durationText, Id, Mark, Status, Time } from '../parts/text.js';

type Data = Readonly<{ event: OneEvent; body: string; neighbours: readonly EventEntry[] }>;

/** The page shows bodies up to this length; a longer one can be downloaded. */
const SHOWN_MAX = 100_000;

async function load(ledger: Ledger, id: string): Promise<Data> {
  const path = `/v1/${pathOf('events', id)}`;
  const event = await ledger.read<OneEvent>(path);
  const body = await ledger.text(`${path}/body`);
  const after = BigInt(event.revision) - 2n;
  const stream = await ledger.find<Readonly<{ data: readonly EventEntry[] }>>(
    `/v1/${pathOf('streams', event.stream)}`,
    {
      after: after < 0n ? null : String(after),
      limit: 3,
    },
  );
  return { event, body, neighbours: stream?.data ?? [] };
}

function pretty(body: string): string | null {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return null;
  }
}

const cut = (text: string): string => (text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}\n…` : text);

function show({ event, body, neighbours }: Data): Shown {
  const { stripeEventId, type, quarantine, receivedAt, created, deliveries, changed } = event;
  const id = stripeEventId ?? event.eventId;
  const lateS = receivedAt === null || created === null ? null : (Date.parse(receivedAt) - Date.parse(created)) / 1_000;
  const isTrue = event.bodySha256 === createHash('sha256').update(body).digest('hex');
  const path = `/v1/${pathOf('events', id)}/body`;
  return {
    title: `${type} ${id}`,
    nav: 'Events',
    main: (
      <>
        <p class="over">Event</p>
        <h1>{type}</h1>
        <p class="under">
          <Id id={id} />
        </p>
        <Verdict tone={quarantine === null ? 'good' : 'warn'}>
          <p class="sentence">
            {quarantine === null ? 'It arrived' : <Mark tone="warn">quarantined</Mark>}{' '}
            <Time at={receivedAt ?? event.recordedAt} />
            {lateS === null || lateS < 60 ? '' : `, ${durationText(lateS)} after it happened`}, and is stored unchanged.
          </p>
          {quarantine === null ? null : (
            <p>
              It belongs to no object: {quarantine.replaceAll('_', ' ')}.{' '}
              <a href={`/console/quarantine/${pathOf(event.eventId)}`}>Compare</a>
            </p>
          )}
        </Verdict>
        <Where event={event} neighbours={neighbours} />
        <Rows changed={changed} />
        <Deliveries of={deliveries} />
        <Renderings of={event} />
        <Section
          title="Body"
          id="body"
          aside={
            <a href={path} download={`${id}.json`}>
              Download
            </a>
          }
        >
          <p class="dim">
            {Buffer.byteLength(body)} bytes, SHA-256 <code class="id">{event.bodySha256}</code>{' '}
            {event.bodySha256 === null ? null : isTrue ? (
              <Mark tone="good">matches</Mark>
            ) : (
              <Mark tone="bad">does not match</Mark>
            )}
          </p>
          <Body body={body} />
        </Section>
      </>
    ),
  };
}

function Where({ event, neighbours }: { event: OneEvent; neighbours: readonly EventEntry[] }) {
  const { stripeEventId, created, receivedAt } = event;
  const mode = event.livemode === true ? '' : 'test/';
  const [previous, next] = [-1n, 1n].map((by) =>
    neighbours.find(({ revision }) => BigInt(revision) === BigInt(event.revision) + by),
  );
  return (
    <Section title="Details" id="where">
      <Facts
        of={[
          ['Object', <Id key="object" id={event.object.id} href={pageOfObject(event.object)} />],
          ['Happened', <Time key="created" at={created} />],
          ['Signed', <Time key="signed" at={event.signedAt} />],
          ['Received', <Time key="received" at={receivedAt} />],
          ['Endpoint', event.endpoint],
          ['API version', event.apiVersion],
          ['Mode', event.livemode === null ? null : event.livemode ? 'live' : 'test'],
          ['Account', event.account],
          ['Stream', <Id key="stream" id={event.stream} href={streamPage(event.stream)} />],
          ['Revision', event.revision],
          ['Position', event.position],
          ['Log event id', <Id key="id" id={event.eventId} />],
        ]}
      />
      <p class="actions">
        {previous === undefined ? null : (
          <a href={eventPage(previous.stripeEventId ?? previous.eventId)}>Previous in the stream: {previous.type}</a>
        )}
        {next === undefined ? null : <a href={eventPage(next.stripeEventId ?? next.eventId)}>Next: {next.type}</a>}
        {stripeEventId === null ? null : (
          <a href={`https://dashboard.stripe.com/${mode}events/${encodeURIComponent(stripeEventId)}`} rel="noreferrer">
            Open in Stripe
          </a>
        )}
      </p>
    </Section>
  );
}

const Rows = ({ changed }: Pick<OneEvent, 'changed'>) => (
  <Section title="Rows last changed by this event" id="rows">
    {changed.length === 0 ? (
      <p class="dim">None. Later events have changed these rows, or no read model uses this type.</p>
    ) : (
      <ul class="plainlist">
        {changed.map(({ table, key }) => (
          <li key={`${table} ${JSON.stringify(key)}`}>
            {table.replaceAll('_', ' ')} <Id id={Object.values(key).join(' ')} href={pageOfRow(table, key)} />
          </li>
        ))}
      </ul>
    )}
  </Section>
);

function Body({ body }: { body: string }) {
  const indented = pretty(body);
  return (
    <>
      {indented === null ? null : (
        <pre class="body" tabIndex={0} role="region" aria-label="The body, indented">
          <code>{cut(indented)}</code>
        </pre>
      )}
      <details open={indented === null}>
        <summary>As it was delivered</summary>
        <pre class="body" tabIndex={0} role="region" aria-label="The body as it was delivered">
          <code>{cut(body)}</code>
        </pre>
      </details>
    </>
  );
}

const Deliveries = ({ of }: { of: OneEvent['deliveries'] }) =>
  of === null ? null : (
    <Section title="Deliveries" id="deliveries">
      {of.length === 0 ? (
        <p class="dim">
          This process has received no deliveries of this event since it started; another process may have.
        </p>
      ) : (
        <Table
          label="Deliveries of this event to this process"
          columns={['At', 'Outcome', 'Endpoint', ['Age of the signature', 'number']]}
        >
          {of.map(({ at, outcome, endpoint, signatureAgeS }) => (
            <tr key={at}>
              <td>
                <Time at={at} />
              </td>
              <td>
                <Status of={outcome} />
              </td>
              <td>{endpoint}</td>
              <td class="number">{signatureAgeS} s</td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );

const Renderings = ({ of: { renderings, eventId } }: { of: OneEvent }) =>
  renderings.length < 2 ? null : (
    <Section title="Other API versions" id="renderings">
      <ul class="plainlist">
        {renderings.map((one) => (
          <li key={one.eventId}>
            {one.eventId === eventId ? (
              <strong>{one.apiVersion}</strong>
            ) : (
              <a href={eventPage(one.eventId)}>{one.apiVersion}</a>
            )}{' '}
            at revision {one.revision}
          </li>
        ))}
      </ul>
    </Section>
  );

/** Did this event arrive, when, how often, and what did it contain? */
export const EVENT = page<Data>({
  path: '/events/:id',
  scope: 'read',
  load: (ledger, { path }) => load(ledger, String(path['id'])),
  show: (data: Data, _: Frame) => show(data),
});
