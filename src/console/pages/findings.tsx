import { pathOf, withQuery } from '../ledger.js';
import type { Finding, FindingLists, List } from '../answers.js';
import { page, type Asked, type Shown } from '../page.js';
import { customerPage, pageAt } from '../places.js';
import { Empty, Next, Table } from '../parts/layout.js';
import { Id, Money, Time } from '../parts/text.js';

const wordsOf = (name: string): string => name.replaceAll('-', ' ').replace(/^./, (first) => first.toUpperCase());

const showLists = ({ data }: FindingLists): Shown => ({
  title: 'Findings',
  nav: 'Findings',
  main: (
    <>
      <h1>Findings</h1>
      <p>Contradictions, gaps and objects that need attention.</p>
      <ul class="findings">
        {data
          .filter(({ href }) => href.startsWith('/v1/findings/'))
          .map(({ name, says }) => (
            <li key={name}>
              <a href={`/console/findings/${pathOf(name)}`}>{wordsOf(name)}</a>
              <p>{says}</p>
            </li>
          ))}
      </ul>
    </>
  ),
});

/** Which lists of findings need work? */
export const FINDINGS = page<FindingLists>({
  path: '/findings',
  scope: 'read',
  load: (ledger) => ledger.read('/v1/findings'),
  show: showLists,
});

/** The details of a finding on one line. */
function Details({ of }: { of: Finding['details'] }) {
  const currency = typeof of?.['currency'] === 'string' ? of['currency'] : null;
  return (
    <>
      {Object.entries(of ?? {})
        .filter(
          ([name, value]) => name !== 'currency' && value !== null && !(Array.isArray(value) && value.length === 0),
        )
        .map(([name, value]) => (
          <span key={name} class="detail">
            {name
              .replace(/Minor$/, '')
              .replace(/([A-Z])/g, ' $1')
              .toLowerCase()}
            :{' '}
            {typeof value === 'number' && name.endsWith('Minor') ? (
              <Money minor={value} currency={currency} />
            ) : typeof value === 'string' && /^\d{4}-\d\d-\d\d[T ]/.test(value) ? (
              <Time at={value} as="day" />
            ) : typeof value === 'string' ? (
              value.replaceAll('_', value.includes(' ') ? '_' : value.length > 24 ? '_' : ' ')
            ) : (
              JSON.stringify(value)
            )}
          </span>
        ))}
    </>
  );
}

function show({ list, says }: Found, { path }: Asked): Shown {
  const name = String(path['name']);
  return {
    title: wordsOf(name),
    nav: 'Findings',
    main: (
      <>
        <p class="over">
          <a href="/console/findings">Findings</a>
        </p>
        <h1>{wordsOf(name)}</h1>
        <p>{says} From the last 90 days.</p>
        {list.data.length === 0 ? (
          <Empty>
            <p>Nothing of this kind in the last 90 days.</p>
          </Empty>
        ) : (
          <Table label={wordsOf(name)} columns={['When', 'What', 'Customer', 'Details']}>
            {list.data.map((one) => (
              <tr key={`${one.kind} ${one.id}`}>
                <td>
                  <Time at={one.at} as="day" />
                </td>
                <td>
                  {one.kind} <Id id={one.id} href={pageAt(one.href)} />
                </td>
                <td>
                  <Id id={one.customer} href={one.customer === null ? null : customerPage(one.customer)} />
                </td>
                <td>
                  <Details of={one.details} />
                </td>
              </tr>
            ))}
          </Table>
        )}
        <Next
          href={
            list.nextCursor === null
              ? null
              : withQuery(`/console/findings/${pathOf(name)}`, { cursor: list.nextCursor })
          }
        />
      </>
    ),
  };
}

type Found = Readonly<{ list: List<Finding>; says: string }>;

/** Which findings are on this list? */
export const FINDING = page<Found>({
  path: '/findings/:name',
  scope: 'read',
  async load(ledger, { path, query }) {
    const name = String(path['name']);
    const list = await ledger.read<List<Finding>>(`/v1/${pathOf('findings', name)}`, {
      limit: 100,
      cursor: query['cursor'],
    });
    const kinds = await ledger.read<FindingLists>('/v1/findings');
    return { list, says: kinds.data.find((kind) => kind.name === name)?.says ?? '' };
  },
  show: (data, { asked }) => show(data, asked),
});
