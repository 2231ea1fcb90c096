import { z } from 'zod';
import { links } from '../../../projections/links.js';
import type { AnyProjection, Row, Tables } from '../../../projections/projection.js';
import { isKnown, type Moment } from '../../as-of/moment.js';
import type { Past, PastLimits, PastStreams } from '../../as-of/past.js';
import { pastRows, pastTables, UnreadablePast, type Streams } from '../../as-of/past-rows.js';
import { ProblemError } from '../../http/problem.js';
import type { Snapshots } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import type { Listing } from '../../read-models/listing.js';
import { pageInMemory, type List, type Page } from '../lists.js';
import { notFound } from '../not-found.js';
import { instant, position } from '../query.js';

/** Query parameters of every answer that can be given for a past moment. */
export const moment = {
  trueAt: instant.optional(),
  knownAt: z
    .union([position, instant], { error: 'must be a position of the log, or a time like 2026-01-31T00:00:00Z' })
    .optional(),
};
/** The additional parameter of answers about a single stream. */
export const revision = z
  .string()
  .regex(/^\d{1,19}$/, 'must be a revision, as returned by the webhook and by the events of a subscription')
  .transform(BigInt)
  .optional();

/** The owner of the objects in a list as of a past moment: decides which streams are read. */
export type Owner = Readonly<{ customer?: string | undefined; subscription?: string | undefined }>;
/**
 * Returns the owner; null without one. A list as of a past moment needs `customer` or `subscription`, so that one
 * answer never reads the whole log.
 */
export function ownerOf(asked: Readonly<Record<string, unknown>>): Owner | null {
  const only = (name: string): string | undefined => {
    const values = asked[name] as readonly string[] | undefined;
    return values?.length === 1 ? values[0] : undefined;
  };
  const [customer, subscription] = [only('customer'), only('subscription')];
  return (customer ?? subscription) === undefined ? null : { customer, subscription };
}
export const NO_OWNER = {
  path: ['customer'],
  error: 'a list as of a past time needs one customer or one subscription',
};

/** The moment of an answer: as requested, with the position of the last known event behind the answer. */
export type AsOfAnswer = Readonly<{
  trueAt: Date | null;
  knownAt: Date | string | null;
  revision: string | null;
  position: string | null;
}>;

/** Returns the requested moment; null: the present, which the read models hold. */
export function momentOf({
  trueAt,
  knownAt,
  revision: upTo,
}: Readonly<{
  trueAt?: Date | undefined;
  knownAt?: bigint | Date | undefined;
  revision?: bigint | undefined;
}>): Moment | null {
  if (trueAt === undefined && knownAt === undefined && upTo === undefined) return null;
  return { trueAt: trueAt ?? null, knownAt: knownAt ?? null, revision: upTo ?? null };
}

/** A page of a list as of a past moment. */
export type PageThen = Page & { asOf: AsOfAnswer };

/**
 * Returns the position that a request about the past must wait for: the read models know which streams are concerned,
 * so they must have reached the requested position.
 */
export function freshnessOf({
  minPosition,
  waitMs,
  knownAt,
}: Readonly<{ minPosition?: bigint | undefined; waitMs: number; knownAt?: bigint | Date | undefined }>) {
  const known = typeof knownAt === 'bigint' ? knownAt : undefined;
  return {
    waitMs,
    minPosition: known === undefined || (minPosition !== undefined && minPosition > known) ? minPosition : known,
  };
}

/** Answers about the past, folded from the streams concerned; outcomes without an answer become problems. */
export class AsOf {
  constructor(
    private readonly past: Past,
    private readonly database: Snapshots,
  ) {}

  /** Returns an object's row at a moment. @throws ProblemError 404 when nothing of it was known, or true, by then */
  async row<T extends Tables>(
    {
      projection,
      table,
      kind,
      id,
      stream,
    }: { projection: AnyProjection<T>; table: keyof T & string; kind: string; id: string; stream: string },
    at: Moment,
  ): Promise<{ row: Row; asOf: AsOfAnswer }> {
    const streams = await this.read([stream]);
    if (streams.get(stream)?.length === 0) throw notFound(kind, id);
    const row = rowsAt(projection, streams, at)[table].find((one) => one['id'] === id);
    if (row === undefined) throw notKnownThen(kind, id);
    return { row, asOf: asOfAnswer(streams, at) };
  }

  /**
   * Returns a page of the objects that a customer or subscription had at a moment; `object` is Stripe's name of their
   * kind. The filters include the owner.
   */
  async page<T extends Tables>(
    {
      projection,
      table,
      list,
      object,
    }: { projection: AnyProjection<T>; table: keyof T & string; list: List; object: string },
    { owner, listing, at }: { owner: Owner; listing: Listing; at: Moment },
  ): Promise<PageThen> {
    const streams = await this.read(await this.streamsOf(owner, object));
    return { ...pageInMemory(list, rowsAt(projection, streams, at)[table], listing), asOf: asOfAnswer(streams, at) };
  }

  /** Returns the names of the streams in which objects of a kind have ever named this owner. */
  async streamsOf({ customer, subscription }: Owner, object: string): Promise<string[]> {
    if (customer !== undefined) return this.#streamsNaming('customer', [customer], [object]);
    const names = await this.#streamsNaming('subscription', [String(subscription)], [object]);
    // The subscription's stream also holds its invoices.
    return [...new Set([`subscription-${subscription}`, ...names])];
  }

  /**
   * Reads the streams in which objects of these kinds (Stripe's names) have ever named these customers; `customer`
   * includes the customers' own streams.
   */
  async streamsOfCustomers(customers: readonly string[], objects: readonly string[]): Promise<Streams> {
    const own = objects.includes('customer') ? customers.map((customer) => `customer-${customer}`) : [];
    return this.read([...own, ...(await this.#streamsNaming('customer', customers, objects))]);
  }

  async #streamsNaming(kind: string, targets: readonly string[], objects: readonly string[]): Promise<string[]> {
    const { rows } = await this.database.snapshot((connection) =>
      connection.query<{ stream: string }>(
        `select distinct stream from ${viewOf(links, 'links')} where target = any($1) and target_kind = $2 and object = any($3) order by stream limit ${this.past.limits.streamsMax + 1}`,
        [targets, kind, objects],
      ),
    );
    return rows.map(({ stream }) => stream);
  }

  /** Reads these streams completely. @throws ProblemError 422 when they exceed what one answer may read */
  async read(names: readonly string[]): Promise<Streams> {
    return orTooLarge(await this.past.read(names), this.past.limits).streams;
  }
}

/** Returns the rows of a projection at a moment. @throws ProblemError 422 when an event cannot be read */
export const rowsAt = <T extends Tables>(
  projection: AnyProjection<T>,
  streams: Streams,
  at: Moment,
): ReturnType<typeof pastRows<T>> => orProblem(() => pastRows(projection, streams, at));

/** Returns the rows of projections at a moment, each with its stream, by table. @throws as `rowsAt` */
export const tablesAt = (
  projections: readonly AnyProjection[],
  streams: Streams,
  at: Moment,
): Readonly<Record<string, readonly Row[]>> => orProblem(() => pastTables(projections, streams, at));

/** Returns what was read of the log. @throws ProblemError 422 when it exceeds what one answer may read */
export function orTooLarge(read: PastStreams, limits: PastLimits): Extract<PastStreams, { kind: 'read' }> {
  if (read.kind === 'read') return read;
  throw new ProblemError('past_too_large', tooLarge(read, limits));
}

/** The error text: suggests a narrower request only where several streams were requested. */
function tooLarge({ limit, names }: Extract<PastStreams, { kind: 'too_large' }>, limits: PastLimits): string {
  const [first] = names;
  const most = {
    streamsMax: `${limits.streamsMax} streams`,
    eventsMax: `${limits.eventsMax} events`,
    bytesMax: `${limits.bytesMax} bytes of events`,
  }[limit];
  return names.length === 1
    ? `The stream ${first} alone exceeds the ${most} that one answer may read from the log. Its current row is in the read models; for its past, read the stream of this name from the event store.`
    : `This answer needs ${names.length} streams and exceeds the ${most} that one answer may read from the log. Ask for less: one subscription, invoice or payment, or leave out linked objects.`;
}

/** Returns the result of `making`. @throws ProblemError 422 when an event of the past cannot be read */
export function orProblem<T>(making: () => T): T {
  try {
    return making();
  } catch (error) {
    if (!(error instanceof UnreadablePast)) throw error;
    throw new ProblemError('past_unreadable', `${error.message} The stream is parked for the same reason.`);
  }
}

/** Returns the moment of an answer folded from these streams. */
export function asOfAnswer(streams: Streams, at: Moment): AsOfAnswer {
  const known = [...streams.values()]
    .flat()
    .filter((event) => isKnown(event, at))
    .map((event) => event.position);
  const last = known.reduce<bigint | null>((highest, one) => (highest === null || one > highest ? one : highest), null);
  return {
    trueAt: at.trueAt,
    knownAt: typeof at.knownAt === 'bigint' ? String(at.knownAt) : at.knownAt,
    revision: at.revision === null ? null : String(at.revision),
    position: last === null ? null : String(last),
  };
}

/** Raises the position of an answer's moment to include these streams. */
export function withStreams(asOf: AsOfAnswer, streams: Streams, at: Moment): AsOfAnswer {
  const { position } = asOfAnswer(streams, at);
  return position === null || (asOf.position !== null && BigInt(asOf.position) >= BigInt(position))
    ? asOf
    : { ...asOf, position };
}

/** 404: nothing about this object was known, or true, at that moment. */
export const notKnownThen = (kind: string, id: string) =>
  new ProblemError(
    'not_known_then',
    `No event about the ${kind} ${id} was known at that time. Its events show when each happened and when it was received.`,
  );
