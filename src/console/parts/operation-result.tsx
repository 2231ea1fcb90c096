import type {
  DryRun,
  NewlyParked,
  Operation,
  Rebuilt,
  Replayed,
  RowDifference,
  TableComparison,
  Verified,
} from '../answers.js';
import { counted, plural } from '../operation-words.js';
import { eventPage, pageOfRow, streamPage } from '../places.js';
import { Section, Table } from './layout.js';
import { Id, Mark, moneyText } from './text.js';

/** The outcome of an operation: a sentence, whether rows differ or would differ, and in which read models. */
export type Outcome = Readonly<{
  text: string;
  tone: 'good' | 'warn' | 'bad';
  changes: boolean;
  concerned: readonly string[];
}>;

const quiet = (text: string, tone: Outcome['tone'] = 'good'): Outcome => ({
  text,
  tone,
  changes: false,
  concerned: [],
});

export function outcomeOf(operation: Operation): Outcome {
  const { state, cause, request } = operation;
  switch (state) {
    case 'queued':
      return quiet('Waiting for a process that projects.');
    case 'running':
      return quiet('In progress.');
    case 'cancelling':
      return quiet('Ending within seconds.');
    case 'cancelled':
      return quiet('Nothing was changed.');
    case 'failed':
    case 'interrupted':
      return quiet(cause ?? 'The cause is not known.', 'bad');
    case 'succeeded':
      break;
  }
  const result: unknown = operation.result;
  switch (request.kind) {
    case 'dry_run':
      return ofDryRun(result as DryRun);
    case 'verify':
      return ofVerified(result as Verified);
    case 'replay':
      return ofReplayed(result as Replayed);
    default:
      return ofRebuilt(result as Rebuilt);
  }
}

const rowsOf = ({ changed, added, removed }: TableComparison): number => changed + added + removed;

function ofDryRun({ comparisons, first }: DryRun): Outcome {
  const concerned = comparisons.filter(({ tables }) => tables.some((table) => rowsOf(table) > 0));
  const rows = comparisons.flatMap(({ tables }) => tables).reduce((sum, table) => sum + rowsOf(table), 0);
  const others = first.length === 0 ? '' : ` There are no live rows yet to compare ${first.join(', ')} with.`;
  return {
    text:
      rows === 0
        ? `A rebuild would change no rows.${others}`
        : `A rebuild would change ${plural(rows, 'row')}.${others}`,
    tone: rows === 0 ? 'good' : 'warn',
    changes: rows > 0,
    concerned: concerned.map(({ projection }) => projection),
  };
}

function ofVerified({ difference, unfoldable, parked, streams, examples }: Verified): Outcome {
  const checked = `${plural(streams, 'stream')} ${streams === 1 ? 'was' : 'were'} folded again`;
  const old =
    parked === 0
      ? ''
      : ` ${plural(parked, 'stream')} ${parked === 1 ? 'is' : 'are'} parked and ${parked === 1 ? 'was' : 'were'} not compared.`;
  const wrong = [
    difference === 0
      ? null
      : `${plural(difference, 'row')} ${difference === 1 ? 'disagrees' : 'disagree'} with the log`,
    unfoldable === 0 ? null : `${plural(unfoldable, 'stream')} cannot be folded`,
  ].filter((part) => part !== null);
  return {
    text: wrong.length === 0 ? `All rows are right: ${checked}.${old}` : `${wrong.join(', and ')}: ${checked}.${old}`,
    tone: wrong.length === 0 ? 'good' : 'bad',
    changes: wrong.length > 0,
    concerned: [...new Set(examples.map(({ projection }) => projection))],
  };
}

function ofRebuilt({ shown, built }: Rebuilt): Outcome {
  const names = (all: readonly string[]): string => all.map((name) => name.replaceAll('_', ' ')).join(', ');
  const parts = [
    shown.length === 0 ? null : `The new rows of ${names(shown)} are live.`,
    built.length === 0 ? null : `${names(built)} ${built.length === 1 ? 'is' : 'are'} built.`,
  ];
  return { ...quiet(parts.filter((part) => part !== null).join(' ')), concerned: [...shown, ...built] };
}

function ofReplayed({ outcome, streams }: Replayed): Outcome {
  if (outcome === 'none_parked') return quiet('No streams were parked.');
  if (outcome === 'replayed') return quiet('The parked streams were folded and are no longer parked.');
  if (outcome === 'parked_again')
    return quiet(
      `${plural(streams.length, 'stream')} still cannot be folded and ${streams.length === 1 ? 'stays' : 'stay'} parked.`,
      'warn',
    );
  return quiet('The process that projects has not finished; it continues automatically.', 'warn');
}

/** The full result of an operation. */
export function Result({ of: { state, request, result } }: { of: Operation }) {
  const given: unknown = result;
  if (result === null) return null;
  if ('newlyParked' in result) return <Parked of={given as NewlyParked} />;
  if (state !== 'succeeded') return null;
  if (request.kind === 'dry_run') return <Comparisons of={given as DryRun} />;
  if (request.kind === 'verify') return <Findings of={given as Verified} />;
  if (request.kind === 'replay') return <StillParked of={given as Replayed} />;
  return null;
}

const Parked = ({ of: { newlyParked, newlyParkedCount } }: { of: NewlyParked }) => (
  <Section title="Parked only in the new tables" id="parked">
    <p class="dim">
      {plural(newlyParkedCount, 'stream')} could be folded before but cannot be folded now. Their rows would be missing.
    </p>
    <ul class="plainlist">
      {newlyParked.map((stream) => (
        <li key={stream}>
          <Id id={stream} href={streamPage(stream)} />
        </li>
      ))}
    </ul>
  </Section>
);

const StillParked = ({ of: { streams, hasMore } }: { of: Replayed }) =>
  streams.length === 0 ? null : (
    <Section title="Still parked" id="parked" aside={<a href="/console/parked">Causes</a>}>
      <ul class="plainlist">
        {streams.map(({ generation, stream }) => (
          <li key={`${generation} ${stream}`}>
            <Id id={stream} href={streamPage(stream)} /> <span class="dim">in {generation}</span>
          </li>
        ))}
      </ul>
      {hasMore ? <p class="dim">There are more.</p> : null}
    </Section>
  );

const Comparisons = ({ of: { comparisons } }: { of: DryRun }) => (
  <>
    <Section title="Rows that would change" id="tables">
      <Table
        label="Rows of each table that a rebuild would change"
        columns={['Read model', 'Table', ['Changed', 'number'], ['Added', 'number'], ['Removed', 'number']]}
      >
        {comparisons.flatMap(({ projection, version, tables }) =>
          tables.map((table) => (
            <tr key={`${projection} ${table.table}`}>
              <th scope="row">
                {projection.replaceAll('_', ' ')} <span class="dim">version {version}</span>
              </th>
              <td>{table.table.replaceAll('_', ' ')}</td>
              {[table.changed, table.added, table.removed].map((count, at) => (
                <td key={at} class="number">
                  {count === 0 ? <span class="dim">0</span> : <strong>{counted(count)}</strong>}
                </td>
              ))}
            </tr>
          )),
        )}
      </Table>
    </Section>
    <Totals of={comparisons.flatMap(({ tables }) => tables)} />
    <Examples of={comparisons.flatMap(({ tables }) => tables.flatMap(({ examples }) => examples))} />
  </>
);

/** Sums of money that would change. */
function Totals({ of }: { of: readonly TableComparison[] }) {
  const other = of.flatMap(({ table, totals }) =>
    totals.filter(({ before, after }) => before !== after).map((total) => ({ table, ...total })),
  );
  if (other.length === 0) return null;
  return (
    <Section title="Sums that would change" id="sums">
      <Table
        label="Sums of money"
        columns={['Table', 'Column', ['Now', 'number'], ['Then', 'number'], ['Change', 'number']]}
      >
        {other.map(({ table, column, currency, before, after }) => (
          <tr key={`${table} ${column} ${currency}`}>
            <th scope="row">{table.replaceAll('_', ' ')}</th>
            <td>{labelOf(column)}</td>
            {[BigInt(before), BigInt(after), BigInt(after) - BigInt(before)].map((sum, at) => (
              <td key={at} class="number">
                {currency === null ? String(sum) : moneyText(Number(sum), currency)}
              </td>
            ))}
          </tr>
        ))}
      </Table>
    </Section>
  );
}

function Findings({ of: { examples, difference, unfoldable } }: { of: Verified }) {
  const rows = examples.filter((one) => one.kind === 'difference');
  const unread = examples.filter((one) => one.kind === 'unfoldable');
  return (
    <>
      <Examples of={rows} isWrong count={difference} />
      {unread.length === 0 ? null : (
        <Section title="Streams that cannot be folded" id="unfoldable">
          <ul class="plainlist">
            {unread.map(({ projection, stream, cause }) => (
              <li key={`${projection} ${stream}`}>
                <Id id={stream} href={streamPage(stream)} /> in {projection.replaceAll('_', ' ')}: {cause}
              </li>
            ))}
          </ul>
          {unread.length < unfoldable ? <p class="dim">Only the first of {counted(unfoldable)} are shown.</p> : null}
        </Section>
      )}
    </>
  );
}

const SHOWN_MAX = 25;

function Examples({ of, isWrong = false, count }: { of: readonly RowDifference[]; isWrong?: boolean; count?: number }) {
  if (of.length === 0) return null;
  const shown = of.slice(0, SHOWN_MAX);
  return (
    <Section
      title={isWrong ? 'Wrong rows' : 'Examples'}
      id="examples"
      aside={(count ?? of.length) > shown.length ? <span class="dim">the first {shown.length}</span> : null}
    >
      <ul class="rows">
        {shown.map((one) => (
          <Row key={`${one.table} ${JSON.stringify(one.key)}`} of={one} isWrong={isWrong} />
        ))}
      </ul>
    </Section>
  );
}

function Row({ of: { table, key, stream, before, after, columns }, isWrong }: { of: RowDifference; isWrong: boolean }) {
  const row = after ?? before ?? {};
  const currency = textOf(row['currency']);
  const event = textOf(row['stripe_event_id']);
  const id = Object.values(key).map(String).join(' ');
  return (
    <li>
      <p class="event">
        {table.replaceAll('_', ' ')} <Id id={id} href={pageOfRow(table, key)} />{' '}
        {before === null ? (
          <Mark tone={isWrong ? 'bad' : 'good'}>{isWrong ? 'is missing' : 'would be added'}</Mark>
        ) : null}
        {after === null ? <Mark tone="bad">{isWrong ? 'should not exist' : 'would be removed'}</Mark> : null}
      </p>
      <p class="dim">
        Stream <Id id={stream} href={streamPage(stream)} />
        {event === null ? null : (
          <>
            , last changed by <a href={eventPage(event)}>{textOf(row['stripe_event_type']) ?? event}</a>
          </>
        )}
      </p>
      {columns.length === 0 ? null : (
        <dl class="diff">
          {columns.map((column) => (
            <div key={column}>
              <dt>{labelOf(column)}</dt>
              <dd>
                <del>{cellText(column, before?.[column], currency)}</del> <span aria-hidden="true">→</span>{' '}
                <ins>{cellText(column, after?.[column], currency)}</ins>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </li>
  );
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const labelOf = (column: string): string => column.replace(/_minor$/, '').replaceAll('_', ' ');
const TEXT_MAX = 200;

function cellText(column: string, value: unknown, currency: string | null): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'number' && column.endsWith('_minor') && currency !== null) return moneyText(value, currency);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}
