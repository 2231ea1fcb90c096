import type { Appender } from '../eventstore/appender.js';
import type { NewEvent } from '../eventstore/append.js';
import type { EventStore } from '../eventstore/event-store.js';
import { readStreamBack } from '../eventstore/read.js';
import { eventIdOf, eventPart } from '../events/event-id.js';
import type { Database } from '../read-models/database.js';
import { lookUp } from '../read-models/event-index.js';
import type { EventItem, Page } from '../stripe-api/answers.js';
import type { Refusal } from '../stripe-api/refusals.js';
import type { StripeApi } from '../stripe-api/stripe-api.js';
import { listedEvent } from './listed-event.js';
import type { Purpose, Whose } from './look.js';
import { appendWhenItCan } from './recorder.js';

/** An event that Stripe lists and the log lacked. `created` in seconds. */
export type MissingEvent = Readonly<{
  id: string;
  type: string;
  /** The id of the object that it is about; null when that has none. */
  objectId: string | null;
  created: number;
  pendingWebhooks: number;
  /** Where it was appended; null: it was not, as in a dry run. */
  appended: Readonly<{ stream: string; revision: bigint; position: bigint }> | null;
}>;

export type EventsFound = {
  listed: number;
  known: number;
  requests: number;
  missing: MissingEvent[];
};

export type EventsParts = Readonly<{ api: StripeApi; store: EventStore; appender: Appender; database: Database }>;

type Asked = Readonly<{
  from: number;
  to: number;
  whose: Whose;
  purpose: Purpose;
  /** Reports missing events without appending them. */
  isDryRun?: boolean;
  /** Called with the listed ids. */
  onListed?: (ids: readonly string[]) => void;
  /** Called after each window: every event up to the second `to` is in the log. */
  onWindow?: (to: number, found: EventsFound) => Promise<void>;
}>;

const WINDOW_S = 3_600;
const WINDOW_MAX_S = 86_400;
const PAGES_MAX = 10;
const RESTARTS_MAX = 20;
/** Ids per index lookup: about one page of the index. */
const IDS_AT_ONCE = 500;

/**
 * Compares the ids of all events that Stripe lists from `from` to `to`, both included, with those of the log, and
 * appends the missing ones in the order in which they occurred. Goes window by window, oldest first; windows may
 * overlap, since ids decide. Returns a refusal when Stripe refuses a page.
 */
export async function compareEvents(parts: EventsParts, asked: Asked): Promise<EventsFound | Refusal> {
  const found: EventsFound = { listed: 0, known: 0, requests: 0, missing: [] };
  let windowS = WINDOW_S;
  let restarts = 0;
  for (let from = asked.from; from <= asked.to;) {
    const to = Math.min(from + windowS - 1, asked.to);
    const pages = await pagesOf(parts.api, { from, to });
    // The event that the cursor names became too old, or was deleted, before the next page was requested.
    if (!Array.isArray(pages) && pages.kind === 'cursor_gone' && (restarts += 1) <= RESTARTS_MAX) continue;
    if (!Array.isArray(pages)) return pages;
    found.requests += pages.length;
    const isCut = pages.at(-1)?.hasMore === true;
    if (isCut && windowS > 1) {
      windowS = Math.ceil(windowS / 2);
      continue;
    }
    await appendMissing(parts, asked, pages, found);
    await asked.onWindow?.(to, found);
    from = to + 1;
    if (pages.length <= 2) windowS = Math.min(windowS * 2, WINDOW_MAX_S);
  }
  return asked.whose.livemode ? found : ((await compareAhead(parts, asked, found)) ?? found);
}

/**
 * Compares events of test clocks, whose times may lie years ahead of Stripe's own clock. Returns null when all were
 * compared.
 */
async function compareAhead(parts: EventsParts, asked: Asked, found: EventsFound): Promise<Refusal | null> {
  let ahead: Page<EventItem>[] = [];
  for await (const page of parts.api.events({ created: { gte: asked.to + 1 } })) {
    if (page.kind !== 'page') return page;
    found.requests += 1;
    ahead.push(page);
    if (page.hasMore && ahead.length < PAGES_MAX) continue;
    await appendMissing(parts, asked, ahead, found);
    ahead = [];
  }
  return null;
}

/** Compares the events of one page that holds them all. */
export async function comparePage(
  parts: EventsParts,
  asked: Pick<Asked, 'whose' | 'purpose' | 'isDryRun' | 'onListed'>,
  page: Page<EventItem>,
): Promise<EventsFound> {
  const found: EventsFound = { listed: 0, known: 0, requests: 1, missing: [] };
  await appendMissing(parts, asked, [page], found);
  return found;
}

async function pagesOf(
  api: StripeApi,
  { from, to }: { from: number; to: number },
): Promise<Page<EventItem>[] | Refusal> {
  const pages: Page<EventItem>[] = [];
  for await (const page of api.events({ created: { gte: from, lte: to } })) {
    if (page.kind !== 'page') return page;
    pages.push(page);
    // A single second cannot be split, so it is read to its end.
    if (pages.length >= PAGES_MAX && from < to) break;
  }
  return pages;
}

async function appendMissing(
  { store, appender, database }: EventsParts,
  { whose, purpose, isDryRun = false, onListed }: Pick<Asked, 'whose' | 'purpose' | 'isDryRun' | 'onListed'>,
  pages: readonly Page<EventItem>[],
  found: EventsFound,
): Promise<void> {
  const items = pages.flatMap((page) => page.items.map((item) => ({ item, page }))).reverse();
  items.sort((a, b) => a.item.created - b.item.created);
  found.listed += items.length;
  onListed?.(items.map(({ item }) => item.id));
  for (let at = 0; at < items.length; at += IDS_AT_ONCE) {
    const some = items.slice(at, at + IDS_AT_ONCE);
    const answers = await lookUp(
      database,
      some.map(({ item }) => ({ eventId: eventIdOf(item.id, null), stream: null })),
    );
    const unknown = some.filter((_, place) => {
      const answer = answers[place];
      return answer?.kind !== 'answered' || answer.found.length === 0;
    });
    found.known += some.length - unknown.length;
    const outcomes = await Promise.all(
      unknown.map(async ({ item, page }): Promise<MissingEvent | null> => {
        const { id, type, created, pendingWebhooks } = item;
        const event = listedEvent(item, page, whose, purpose);
        const objectId = objectIdOf(item);
        // The index may be behind, and in a dry run no append would reveal a duplicate.
        if (event !== null && isDryRun && (await isIn(store, event))) return null;
        if (event === null || isDryRun) return { id, type, objectId, created, pendingWebhooks, appended: null };
        const outcome = await appendWhenItCan(appender, event, id);
        if (outcome.kind !== 'appended') return null;
        const { stream, revision, position } = outcome;
        return { id, type, objectId, created, pendingWebhooks, appended: { stream, revision, position } };
      }),
    );
    found.missing.push(...outcomes.filter((one) => one !== null));
    found.known += outcomes.filter((one) => one === null).length;
  }
}

/** Whether the event's stream contains it, in any rendering. */
async function isIn(store: EventStore, { stream, eventId }: NewEvent): Promise<boolean> {
  for await (const recorded of readStreamBack(store, stream, { max: Number.MAX_SAFE_INTEGER }))
    if (eventPart(recorded.eventId) === eventPart(eventId)) return true;
  return false;
}

function objectIdOf({ value }: EventItem): string | null {
  const object = (value['data'] as { object?: { id?: unknown } } | undefined)?.object;
  return typeof object?.id === 'string' ? object.id : null;
}
