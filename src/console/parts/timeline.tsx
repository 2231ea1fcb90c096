import type { Change, TimelineEntry } from '../answers.js';
import { eventPage, pageOfObject } from '../places.js';
import { durationText, Id, Mark, moneyText, Status, Time } from './text.js';

/** Fields of Stripe's objects that are amounts in minor units (AMOUNT) or times in seconds (SECONDS). */
const AMOUNT = /(^|[._])(amount\w*|total|subtotal|unit_amount|balance|starting_balance|ending_balance)$/;
const SECONDS = /(_at|_end|_start|_date|^created|\.created|_attempt|_anchor|\.start|\.end)$/;
const TEXT_MAX = 72;

/** A value of Stripe as readable text; large values are shortened, since the event's body has them in full. */
export function valueText(path: string, value: unknown, currency: string | null): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'number' && AMOUNT.test(path) && currency !== null) return moneyText(value, currency);
  if (typeof value === 'number' && SECONDS.test(path) && value > 1e8 && value < 1e11)
    return `${new Date(value * 1_000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  if (Array.isArray(value)) return value.length === 1 ? '1 entry' : `${value.length} entries`;
  if (typeof value === 'object') return `an object of ${Object.keys(value).length} fields`;
  const text = String(value);
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** The members of a list by id; null where a member has none. */
function byId(list: unknown): ReadonlyMap<string, Readonly<Record<string, unknown>>> | null {
  if (!Array.isArray(list)) return null;
  const members = list.filter(isObject).filter(({ id }) => typeof id === 'string');
  return members.length < list.length ? null : new Map(members.map((one) => [String(one['id']), one]));
}

/** Changes are split at most this deep. */
const DEPTH_MAX = 4;

/**
 * Splits a change into its smallest parts: for a list, the added and removed members, and the changed fields of the
 * others. A new quantity would otherwise read "2 entries → 2 entries".
 */
export function partsOf(change: Change, depth = 0): readonly Change[] {
  const { path, from, to } = change;
  if (depth > DEPTH_MAX) return [change];
  const [before, after] = [byId(from), byId(to)];
  if (before !== null && after !== null)
    return [...new Set([...before.keys(), ...after.keys()])].flatMap((id) =>
      partsOf({ path: `${path}.${id}`, from: before.get(id) ?? null, to: after.get(id) ?? null }, depth + 1),
    );
  if (isObject(from) && isObject(to))
    return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((name) =>
      JSON.stringify(from[name]) === JSON.stringify(to[name])
        ? []
        : partsOf({ path: `${path}.${name}`, from: from[name] ?? null, to: to[name] ?? null }, depth + 1),
    );
  return JSON.stringify(from) === JSON.stringify(to) ? [] : [change];
}

/** The fields that an event changed, before and after. */
export const Diff = ({ changes, currency }: { changes: readonly Change[]; currency: string | null }) => (
  <dl class="diff">
    {changes.map(({ path, from, to }) => (
      <div key={path}>
        <dt>{path}</dt>
        <dd>
          <del>{valueText(path, from, currency)}</del> <span aria-hidden="true">→</span>{' '}
          <ins>{valueText(path, to, currency)}</ins>
        </dd>
      </div>
    ))}
  </dl>
);

const CHANGES_SHOWN = 4;

/** The fields that an event changed: a few at first, the others on demand. */
export function Changes({ changes, currency }: { changes: readonly Change[] | null; currency: string | null }) {
  if (changes === null || changes.length === 0) return null;
  // The object's own fields come first: they say more than nested ones.
  const depthOf = ({ path }: Change): number => path.split('.').length;
  const parts = changes.flatMap((change) => partsOf(change)).sort((one, other) => depthOf(one) - depthOf(other));
  const [first, rest] = [parts.slice(0, CHANGES_SHOWN), parts.slice(CHANGES_SHOWN)];
  return (
    <>
      <Diff changes={first} currency={currency} />
      {rest.length === 0 ? null : (
        <details>
          <summary>{rest.length === 1 ? '1 more field' : `${rest.length} more fields`}</summary>
          <Diff changes={rest} currency={currency} />
        </details>
      )}
    </>
  );
}

/** The delay from creation to receipt of an event; null below a minute or where unknown. */
export function delayText({ created, receivedAt }: Pick<TimelineEntry, 'created' | 'receivedAt'>): string | null {
  if (receivedAt === null) return null;
  const seconds = (Date.parse(receivedAt) - Date.parse(created)) / 1_000;
  return seconds < 60 ? null : durationText(seconds);
}

/** The marks of an entry: its status transition, late arrival, uncertain order and several API versions. */
export const Marks = ({ entry }: { entry: TimelineEntry }) => {
  const delay = delayText(entry);
  return (
    <>
      {entry.transition === null ? null : (
        <span class="transition">
          {entry.transition.from === null ? null : (
            <>
              <Status of={entry.transition.from} /> <span aria-hidden="true">→</span>{' '}
            </>
          )}
          <Status of={entry.transition.to} />
        </span>
      )}
      {entry.late ? <Mark tone="warn">late{delay === null ? '' : `, ${delay} after it happened`}</Mark> : null}
      {entry.ambiguous ? <Mark tone="calm">order not certain</Mark> : null}
      {entry.renderings.length > 1 ? <Mark tone="calm">{entry.renderings.length} API versions</Mark> : null}
    </>
  );
};

/** An event and its object; with links only where the visitor may follow them. */
export const EventLine = ({
  entry,
  mayLook,
}: {
  entry: Pick<TimelineEntry, 'stripeEventId' | 'type' | 'object' | 'created'>;
  mayLook: boolean;
}) => (
  <>
    <p class="event">
      {mayLook ? <a href={eventPage(entry.stripeEventId)}>{entry.type}</a> : <strong>{entry.type}</strong>}{' '}
      <Time at={entry.created} />
    </p>
    <p class="dim">
      <Id id={entry.object.id} href={mayLook ? pageOfObject(entry.object) : null} />
    </p>
  </>
);
