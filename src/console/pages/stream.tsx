import type { Stream } from '../answers.js';
import { pathOf, withQuery } from '../ledger.js';
import { page, type Shown } from '../page.js';
import { pageOfObject, streamPage } from '../places.js';
import { EventTable } from '../parts/event-table.js';
import { Empty, Next } from '../parts/layout.js';

function show({ data, nextAfter }: Stream, name: string): Shown {
  const [, kind = null, id = null] = /^([a-z_.]+)-(.+)$/.exec(name) ?? [];
  const own = pageOfObject({ kind, id });
  return {
    title: name,
    nav: 'Events',
    main: (
      <>
        <p class="over">Stream</p>
        <h1 class="id">{name}</h1>
        <p class="dim">In order of arrival. {own === null ? null : <a href={own}>Go to the object</a>}</p>
        {data.length === 0 ? (
          <Empty>
            <p>There are no more events in this stream.</p>
          </Empty>
        ) : (
          <EventTable events={data} label="Events of the stream" ofStream />
        )}
        <Next href={nextAfter === null ? null : withQuery(streamPage(name), { after: nextAfter })} />
      </>
    ),
  };
}

/** Which events does this stream have? */
export const STREAM = page<Stream>({
  path: '/streams/:name',
  scope: 'read',
  load: (ledger, { path, query }) =>
    ledger.read(`/v1/${pathOf('streams', String(path['name']))}`, { after: query['after'], limit: 100 }),
  show: (data, { asked }) => show(data, String(asked.path['name'])),
});
