import type { EventEntry, List } from '../answers.js';
import { withQuery } from '../ledger.js';
import { page, type Asked, type Shown } from '../page.js';
import { EventTable } from '../parts/event-table.js';
import { Empty, Next } from '../parts/layout.js';

const FILTERS = ['type', 'object', 'endpoint', 'account', 'livemode', 'since', 'until'] as const;

/** Seconds between reloads. In a burst, a page that followed each event would cost the intake more. */
const REFRESH_S = 2;

const filtersIn = ({ query }: Asked): Record<string, string> =>
  Object.fromEntries(
    FILTERS.flatMap((name) => {
      const value = (query[name] ?? '').trim();
      return value === '' ? [] : [[name, name === 'since' || name === 'until' ? timeIn(value) : value]];
    }),
  );

/** A time field of a form has no zone; it is read as UTC. */
const timeIn = (text: string): string => (/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) ? `${text}:00Z` : text);

function show({ data, nextCursor }: List<EventEntry>, asked: Asked): Shown {
  const { cursor } = asked.query;
  const filters = filtersIn(asked);
  const isFiltered = Object.keys(filters).length > 0;
  const isFirst = cursor === undefined && filters['until'] === undefined;
  return {
    title: 'Events',
    nav: 'Events',
    ...(isFirst ? { refreshS: REFRESH_S } : {}),
    main: (
      <>
        <h1>Events</h1>
        <form class="filters">
          <label>
            Type
            <input name="type" value={asked.query['type'] ?? ''} placeholder="invoice.*" size={14} />
          </label>
          <label>
            Object
            <input name="object" value={asked.query['object'] ?? ''} placeholder="in_…" size={16} />
          </label>
          <label>
            Endpoint
            <input name="endpoint" value={asked.query['endpoint'] ?? ''} size={8} />
          </label>
          <label>
            Mode
            <select name="livemode">
              {[
                ['', 'any'],
                ['true', 'live'],
                ['false', 'test'],
              ].map(([value, label]) => (
                <option key={value} value={value} selected={(asked.query['livemode'] ?? '') === value}>
                  {label}
                </option>
              ))}
            </select>
          </label>
          <label>
            Received since (UTC)
            <input name="since" type="datetime-local" value={(asked.query['since'] ?? '').slice(0, 16)} />
          </label>
          <label>
            Until (UTC)
            <input name="until" type="datetime-local" value={(asked.query['until'] ?? '').slice(0, 16)} />
          </label>
          <button type="submit">Filter</button>
          {isFiltered ? (
            <a class="button plain" href="/console/events">
              All
            </a>
          ) : null}
          {isFirst ? (
            <button type="button" id="pause" class="plain needs-script" aria-pressed="false">
              Pause
            </button>
          ) : null}
        </form>
        <p class="dim">Newest first.</p>
        {data.length === 0 ? (
          <Empty>
            {isFiltered || cursor !== undefined ? (
              <p>No events match{nextCursor === null ? '' : ' so far; continue on the next page'}.</p>
            ) : (
              <p>
                No events have arrived yet. Add an endpoint in Stripe with the address of this service and{' '}
                <code>/webhooks/stripe</code>.
              </p>
            )}
          </Empty>
        ) : (
          <EventTable events={data} label="Events, newest first" />
        )}
        <Next href={nextCursor === null ? null : withQuery('/console/events', { ...filters, cursor: nextCursor })} />
      </>
    ),
  };
}

/** Which events are arriving? */
export const EVENTS = page<List<EventEntry>>({
  path: '/events',
  scope: 'read',
  load: (ledger, asked) => ledger.read('/v1/events', { limit: 30, ...filtersIn(asked), cursor: asked.query['cursor'] }),
  show: (data, { asked }) => show(data, asked),
});
