import { page, type Shown } from '../page.js';
import { Section, Table, Verdict } from '../parts/layout.js';
import { durationText, Mark, Status, Unknown } from '../parts/text.js';

export type Projection = Readonly<{
  name: string;
  version: number;
  generation: number;
  state: string;
  shown: boolean;
  position: string | null;
  logPosition: string | null;
  caughtUp: boolean;
  behind: string | null;
  lagSeconds: number | null;
  parkedStreams: number;
}>;
type Projections = Readonly<{ data: readonly Projection[] }>;

function show({ data }: Projections): Shown {
  const followed = data.filter(({ state }) => state !== 'kept');
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
          <Table
            label="Read models and their generations"
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
            {data.map((one) => (
              <tr key={`${one.name} ${one.version} ${one.generation}`}>
                <th scope="row">{one.name.replaceAll('_', ' ')}</th>
                <td>
                  {one.version}, generation {one.generation}
                </td>
                <td>
                  <Status of={one.state} /> {one.shown ? null : <Mark tone="calm">not shown</Mark>}
                </td>
                <td class="number">
                  {one.lagSeconds === null ? <Unknown /> : one.lagSeconds < 1 ? 'none' : durationText(one.lagSeconds)}
                </td>
                <td class="number">{one.behind ?? <Unknown />}</td>
                <td class="number">{one.position ?? <Unknown />}</td>
                <td class="number">{one.parkedStreams}</td>
              </tr>
            ))}
          </Table>
        </Section>
      </>
    ),
  };
}

/** How far are the read models? */
export const PROJECTIONS = page<Projections>({
  path: '/projections',
  scope: 'read',
  load: (ledger) => ledger.read('/v1/projections'),
  show,
});
