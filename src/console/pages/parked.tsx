import type { List, Parked } from '../answers.js';
import { page, type Frame, type Shown } from '../page.js';
import { eventPage, streamPage } from '../places.js';
import { AskOperation } from '../parts/ask-operation.js';
import { Empty, Section, Table } from '../parts/layout.js';
import { Id, Mark, Time } from '../parts/text.js';

type Cause = Readonly<{ cause: string; all: readonly Parked[] }>;
const STREAMS_SHOWN = 10;
/** The longest cause, in characters, that fits into a form. */
const CAUSE_MAX = 2_000;

/** Groups parked streams by cause, the most frequent cause first. */
export function causesOf(parked: readonly Parked[]): Cause[] {
  const causes = new Map<string, Parked[]>();
  for (const one of parked) causes.set(one.cause, [...(causes.get(one.cause) ?? []), one]);
  return [...causes].map(([cause, all]) => ({ cause, all })).sort((a, b) => b.all.length - a.all.length);
}

const TOLD: Readonly<Record<string, string>> = {
  replayed: 'The stream was folded and is no longer parked.',
  parked_again: 'The stream was folded again but is still parked, for the same or another cause.',
  wanted: 'The replay is requested. The process that projects carries it out soon.',
};

function show({ data, nextCursor }: List<Parked>, { asked, once }: Frame): Shown {
  const message = TOLD[asked.query['told'] ?? ''];
  const causes = causesOf(data);
  return {
    title: 'Parked',
    nav: 'Parked',
    refreshS: 15,
    main: (
      <>
        <h1>Parked streams</h1>
        <p>
          A stream that a projection cannot fold is parked: it keeps its last good rows, marked as outdated. Other
          streams continue.
        </p>
        {message === undefined ? null : <p role="status">{message}</p>}
        {data.length === 0 ? (
          <Empty>
            <p>No streams are parked.</p>
          </Empty>
        ) : (
          <>
            {nextCursor === null ? null : <p>There are more than {data.length}; only the first are shown.</p>}
            {causes.map((cause, at) => (
              <OneCause key={cause.cause} cause={cause} at={at} once={once} />
            ))}
            <Section title="Replay all" id="all">
              <details>
                <summary>Replay all parked streams</summary>
                <div class="confirm">
                  <p>Folds each parked stream again from the log. Only the rows of streams that now succeed change.</p>
                  <AskOperation fields={{ kind: 'replay' }} once={once}>
                    Replay all
                  </AskOperation>
                </div>
              </details>
            </Section>
          </>
        )}
      </>
    ),
  };
}

function OneCause({ cause: { cause, all }, at, once }: { cause: Cause; at: number; once: string }) {
  const since = all.map((one) => one.since).sort()[0];
  const streams = new Set(all.map(({ stream }) => stream)).size;
  const example = all[0];
  return (
    <Section
      title={cause}
      id={`cause-${at}`}
      aside={
        <span class="dim">
          {streams === 1 ? '1 stream' : `${streams} streams`} since <Time at={since} />
        </span>
      }
    >
      {example?.stripeEventId == null ? null : (
        <p>
          For example <a href={eventPage(example.stripeEventId)}>{example.eventType ?? example.stripeEventId}</a> at
          revision {example.revision}.
        </p>
      )}
      <Table label={`Streams parked because of: ${cause}`} columns={['Stream', 'Read model', 'Attempts', 'Replay']}>
        {all.slice(0, STREAMS_SHOWN).map((one) => (
          <tr key={`${one.projection} ${one.version} ${one.generation} ${one.stream}`}>
            <td>
              <Id id={one.stream} href={streamPage(one.stream)} />
            </td>
            <td>
              {one.projection.replaceAll('_', ' ')} <span class="dim">version {one.version}</span>
            </td>
            <td>{one.attempts === 1 ? 'once' : `${one.attempts} times`}</td>
            <td>
              {one.replayWantedAt === null ? (
                <form method="post" action="/console/parked/replay">
                  <input type="hidden" name="projection" value={one.projection} />
                  <input type="hidden" name="stream" value={one.stream} />
                  <button type="submit" class="plain">
                    Replay{' '}
                    <span class="unseen">
                      {one.stream} in {one.projection}
                    </span>
                  </button>
                </form>
              ) : (
                <Mark tone="calm">wanted</Mark>
              )}
            </td>
          </tr>
        ))}
      </Table>
      {streams < 2 || cause.length > CAUSE_MAX ? null : (
        <div class="actions after">
          <AskOperation fields={{ kind: 'replay', cause }} once={once} kind="plain">
            Replay all with this cause
          </AskOperation>
        </div>
      )}
      {all.length > STREAMS_SHOWN ? <p class="dim">And {all.length - STREAMS_SHOWN} more.</p> : null}
    </Section>
  );
}

/** Which streams could not be folded, why, and is it fixed? */
export const PARKED = page<List<Parked>>({
  path: '/parked',
  scope: 'admin',
  load: (ledger) => ledger.read('/v1/parked', { limit: 200 }),
  show,
});
