import { includesScope } from '../../http/tokens.js';
import type { Projection, Projections } from '../answers.js';
import { counted, plural } from '../operation-words.js';
import { page, type Frame, type Shown } from '../page.js';
import { OperationForm } from '../parts/ask-operation.js';
import { Section, Table, Verdict } from '../parts/layout.js';
import { durationText, Mark, Status, Unknown } from '../parts/text.js';

function show({ data }: Projections, { visitor, asked, once }: Frame): Shown {
  const followed = data.filter(({ state, moving }) => state !== 'kept' && moving);
  const others = data.filter((one) => !followed.includes(one));
  const mayAsk = includesScope(visitor.scope, 'admin');
  const behind = followed.filter(({ caughtUp }) => !caughtUp);
  const lag = Math.max(0, ...followed.map(({ lagSeconds }) => lagSeconds ?? 0));
  return {
    title: 'Projections',
    nav: 'Projections',
    refreshS: 10,
    main: (
      <>
        <h1>Projections</h1>
        <Verdict tone={behind.length === 0 ? 'good' : 'warn'}>
          <p class="sentence">
            {behind.length === 0
              ? `All ${followed.length} read models have every event of the log.`
              : `${behind.length} of ${followed.length} read models are behind${lag < 1 ? '' : `, by ${durationText(lag)} at most`}.`}
          </p>
        </Verdict>
        <Section title="Read models" id="models">
          <Models label="Read models and their generations" of={followed} />
          {others.length === 0 ? null : (
            <details>
              <summary>
                {plural(others.length, 'more')} that no process updates: kept by a rebuild, or from another build
              </summary>
              <Models label="Read models that no process updates" of={others} />
            </details>
          )}
        </Section>
        {mayAsk ? (
          <Section title="Check and repair" id="work" aside={<a href="/console/operations">Operations</a>}>
            <OperationForm models={[...new Set(followed.map(({ name }) => name))]} asked={asked.query} once={once} />
          </Section>
        ) : null}
      </>
    ),
  };
}

const Models = ({ label, of }: { label: string; of: readonly Projection[] }) => (
  <Table
    label={label}
    columns={[
      'Name',
      'Version',
      'State',
      ['Lag', 'number'],
      ['Bytes behind', 'number'],
      ['Position', 'number'],
      ['Parked', 'number'],
    ]}
  >
    {of.map((one) => (
      <tr key={`${one.name} ${one.version} ${one.generation}`}>
        <th scope="row">{one.name.replaceAll('_', ' ')}</th>
        <td>
          {one.version}
          {one.generation === 1 ? '' : `, generation ${one.generation}`}
        </td>
        <td>
          <Status of={one.state} /> {one.shown ? null : <Mark tone="calm">not live</Mark>}
        </td>
        <td class="number">
          {one.lagSeconds === null ? <Unknown /> : one.lagSeconds < 1 ? 'none' : durationText(one.lagSeconds)}
        </td>
        <td class="number">{one.behind === null ? <Unknown /> : counted(Number(one.behind))}</td>
        <td class="number">{one.position ?? <Unknown />}</td>
        <td class="number">{one.parkedStreams}</td>
      </tr>
    ))}
  </Table>
);

/** How far have the read models caught up? */
export const PROJECTIONS = page<Projections>({
  path: '/projections',
  scope: 'read',
  load: (ledger) => ledger.read('/v1/projections'),
  show,
});
