import type { EventEntry } from '../answers.js';
import { eventPage, pageOfObject, streamPage } from '../places.js';
import { Table } from './layout.js';
import { Id, Mark, Time, Unknown } from './text.js';

/** A table of events as they are in the log. */
export const EventTable = ({
  events,
  label,
  ofStream = false,
}: {
  events: readonly EventEntry[];
  label: string;
  ofStream?: boolean;
}) => (
  <Table
    label={label}
    columns={[
      ...(ofStream ? [['Revision', 'number'] as const] : []),
      'Received',
      'Type',
      'Object',
      ...(ofStream ? [] : ['Stream']),
      'Happened',
      'Endpoint',
    ]}
  >
    {events.map((event) => (
      <tr key={event.position}>
        {ofStream ? <td class="number">{event.revision}</td> : null}
        <td>
          <Time at={event.receivedAt ?? event.recordedAt} as="cell" />
        </td>
        <td>
          <a href={eventPage(event.stripeEventId ?? event.eventId)}>{event.type}</a>{' '}
          {event.quarantine === null ? null : <Mark tone="warn">{event.quarantine.replaceAll('_', ' ')}</Mark>}
        </td>
        <td>
          <Id id={event.object.id} href={pageOfObject(event.object)} />
        </td>
        {ofStream ? null : (
          <td>
            <a class="quiet" href={streamPage(event.stream)}>
              revision {event.revision}
            </a>
          </td>
        )}
        <td>
          <Time at={event.created} as="cell" />
        </td>
        <td>{event.endpoint ?? <Unknown />}</td>
      </tr>
    ))}
  </Table>
);
