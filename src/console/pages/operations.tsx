import type { List, Operation } from '../answers.js';
import { withQuery } from '../ledger.js';
import { durationPrecise, hasEnded, progressText, requestText, workedS } from '../operation-words.js';
import { page, type Frame, type Shown } from '../page.js';
import { operationPage } from '../places.js';
import { Empty, Next, Table } from '../parts/layout.js';
import { Status, Time, Unknown } from '../parts/text.js';

function show({ data, nextCursor }: List<Operation>, { nowMs }: Frame): Shown {
  const isUnderWay = data.some((one) => !hasEnded(one));
  return {
    title: 'Operations',
    nav: 'Operations',
    refreshS: isUnderWay ? 2 : 15,
    reloads: isUnderWay,
    main: (
      <>
        <h1>Operations</h1>
        <p>
          Rebuilds, verifications and replays of read models: who requested them and their results. The log keeps all.{' '}
          <a href="/console/projections#work">Start an operation</a>
        </p>
        {data.length === 0 ? (
          <Empty>
            <p>
              There are no operations yet. Start a rebuild, a dry run or a verification at{' '}
              <a href="/console/projections#work">Projections</a>, or with <code>POST /v1/operations</code>.
            </p>
          </Empty>
        ) : (
          <Table label="Operations, newest first" columns={['What', 'State', 'Requested', 'By', ['Took', 'number']]}>
            {data.map((one) => (
              <tr key={one.id}>
                <td>
                  <a href={operationPage(one.id)}>{requestText(one.request)}</a>
                </td>
                <td>
                  <Status of={one.state} /> {hasEnded(one) ? null : <span class="dim">{progressText(one)}</span>}
                </td>
                <td>
                  <Time at={one.requestedAt} />
                </td>
                <td>{one.by}</td>
                <td class="number">
                  <Took seconds={workedS(one, nowMs)} />
                </td>
              </tr>
            ))}
          </Table>
        )}
        <Next href={nextCursor === null ? null : withQuery('/console/operations', { cursor: nextCursor })} />
      </>
    ),
  };
}

const Took = ({ seconds }: { seconds: number | null }) =>
  seconds === null ? <Unknown /> : <>{durationPrecise(seconds)}</>;

/** Who did what to the read models? */
export const OPERATIONS = page<List<Operation>>({
  path: '/operations',
  scope: 'admin',
  load: (ledger, { query }) => ledger.read('/v1/operations', { limit: 50, cursor: query['cursor'] }),
  show,
});
