import { Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { nameOfBooks, type Closing, type Reopening, type Whose } from '../../closings/closing.js';
import type { ClosedRowsWriter } from '../../closings/closed-rows.js';
import { Closings, type ClosedMonth } from '../../closings/closing-log.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { JsonBody } from '../../http/json-body.js';
import { ProblemError } from '../../http/problem.js';
import { TakesBody } from '../../http/rim.js';
import { VERSION_OF_BUILD } from '../../version.js';
import { Books, type Booked } from '../books/books.js';
import { month, monthAfter, pathMonth } from '../books/query.js';
import { JOURNAL_BOOKS } from '../books/tokens.js';
import { cursorOf, placeOfCursor } from '../cursor.js';
import { badQuery, freshness, origin, paging, text, whose } from '../query.js';
import { APPEND_ATTEMPTS_MAX, appended, assertOver, closingsOf } from './close-month.js';
import {
  correctedAccounts,
  correctionsOf,
  noCorrections,
  pageOfCorrections,
  type CorrectedAccount,
  type Correction,
  type CorrectionAnswer,
  type CorrectionPlace,
} from './corrections.js';
import { frozenIn, lastClosed } from './frozen-books.js';

/** The scope of a month in a request body. */
const named = { livemode: z.boolean().default(true), account: text };
export const closingRequest = z.strictObject({ month, ...named, accept: z.boolean().default(false) });
export const reopeningRequest = z.strictObject({ ...named, reason: z.string().min(1).max(500).optional() });
const listing = z.strictObject({ ...origin, ...paging });
const reading = z.strictObject(whose);
const correcting = z.strictObject({ ...reading.shape, ...freshness, ...paging });
const fresh = z.strictObject(freshness).parse({});

/** A closing as answered in lists. */
type ClosingAnswer = Omit<Closing, 'balances'>;
type Page = Readonly<{ data: readonly ClosingAnswer[]; nextCursor: string | null }>;

type Corrections = Whose &
  Readonly<{
    month: string;
    /** The log position of the closing: what was known when the month was closed. */
    position: string;
    accounts: readonly CorrectedAccount[];
    /** The parts of these differences: the postings add up to them. */
    data: readonly CorrectionAnswer[];
    nextCursor: string | null;
  }>;
type Posted = Whose &
  Readonly<{ month: string; data: readonly CorrectionAnswer[]; nextCursor: string | null; isKept: boolean }>;

const BODY_BYTES_MAX = 4_096;

/** Closed months of the books: who closed them, when, at which log position, and with which balances. */
@Controller('closings')
@NeedsScope('read')
export class ClosingsController {
  constructor(
    @Inject(Closings) private readonly closings: Closings,
    @Inject(JOURNAL_BOOKS) private readonly books: Books,
  ) {}

  /** Lists the closed months of all books, the newest first, without reopened ones. */
  @Get()
  async list(
    @Query({ schema: listing }) { livemode, account, cursor, limit }: z.output<typeof listing>,
  ): Promise<Page> {
    const after = cursor === undefined ? null : placeOfCursor('closings', cursor);
    if (cursor !== undefined && after === null) throw badQuery('cursor: must be the nextCursor of the previous page');
    await this.closings.refresh();
    const all = this.closings.books
      .filter((one) => livemode === undefined || one.livemode === livemode)
      .filter((one) => account === undefined || (one.account ?? '') === account)
      .flatMap((one) => this.closings.of(one))
      .sort((a, b) => (a.revision < b.revision ? 1 : -1));
    const rest = after === null ? all : all.filter(({ revision }) => revision < BigInt(String(after[0])));
    const page = rest.slice(0, limit);
    const last = page.at(-1);
    return {
      data: page.map(answerOf),
      nextCursor: rest.length > limit && last !== undefined ? cursorOf('closings', [String(last.revision)]) : null,
    };
  }

  /** Returns one closed month, with its balances. */
  @Get(':month')
  async one(
    @Param('month', { schema: pathMonth }) asked: string,
    @Query({ schema: reading }) { livemode, account }: z.output<typeof reading>,
  ): Promise<Closing> {
    await this.closings.refresh();
    return this.closings.read(this.#closed(booksOf({ livemode, account }), asked));
  }

  /**
   * Returns the corrections of closed months that a month has, part by part: a closed month those it was closed with,
   * the first open one those that became known since. `isKept` is false for a closing of an older build, which has only
   * their sums.
   */
  @Get(':month/posted-corrections')
  async posted(
    @Param('month', { schema: pathMonth }) asked: string,
    @Query({ schema: correcting }) { livemode, account, cursor, limit, ...freshly }: z.output<typeof correcting>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Posted>> {
    const own = booksOf({ livemode, account });
    const list = `posted ${asked} ${nameOfBooks(own)}`;
    const after = correctionPlace(list, cursor);
    await this.closings.refresh();
    const closed = this.closings.of(own);
    const closing = closed.find(({ month: one }) => one === asked);
    const last = closed.at(-1)?.month;
    const isFirstOpen = last !== undefined && asked === monthAfter(last);
    const { zone } = this.books.policy;
    return this.books.ask(freshly, asker, async (connection) => {
      const parts = isFirstOpen
        ? correctionsOf(connection, { closings: this.closings, whose: own, month: last, zone, after })
        : closing === undefined
          ? noCorrections()
          : rest(this.closings.rowsOf<Correction>(closing, 'corrections'), after);
      const { data, next } = await pageOfCorrections(connection, parts, limit);
      return {
        ...{ ...own, month: asked, data },
        nextCursor: next === null ? null : cursorOf(list, [next.month, next.at, next.id]),
        isKept: closing === undefined || closing.rows?.chunks.corrections !== undefined,
      };
    });
  }

  /** Returns what became known of a closed month since: accounts with another balance now, and the parts of that. */
  @Get(':month/corrections')
  async corrections(
    @Param('month', { schema: pathMonth }) asked: string,
    @Query({ schema: correcting })
    { livemode, account, cursor, limit, ...freshly }: z.output<typeof correcting>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Corrections>> {
    const own = booksOf({ livemode, account });
    const frozen = await frozenIn(this.closings, { livemode, account: account ?? '' }, { from: asked, to: asked });
    const { position } = this.#closed(own, asked);
    const list = `corrections ${asked} ${nameOfBooks(own)}`;
    const after = correctionPlace(list, cursor);
    const { zone } = this.books.policy;
    return this.books.ask(freshly, asker, async (connection) => {
      const parts = correctionsOf(connection, { closings: this.closings, whose: own, month: asked, zone, after });
      const { data, next } = await pageOfCorrections(connection, parts, limit);
      return {
        ...{ ...own, month: asked, position },
        accounts: await correctedAccounts(connection, { ...own, month: asked, frozen }),
        data,
        nextCursor: next === null ? null : cursorOf(list, [next.month, next.at, next.id]),
      };
    });
  }

  /**
   * Closes a month and the open ones before it. A month that is already closed is returned as it is.
   * @throws ProblemError 409 that states the objections
   */
  @Post()
  @HttpCode(200)
  @NeedsScope('admin')
  @TakesBody(BODY_BYTES_MAX)
  async close(
    @JsonBody(closingRequest) { month: wanted, livemode, account, accept }: z.output<typeof closingRequest>,
    @AskedBy() asker: Asker,
  ): Promise<{ data: readonly ClosingAnswer[] }> {
    const { zone } = this.books.policy;
    assertOver(wanted, zone);
    const own = booksOf({ livemode, account });
    for (let attempt = 1; attempt <= APPEND_ATTEMPTS_MAX; attempt += 1) {
      const revision = await this.closings.refresh();
      const frozen = await lastClosed(this.closings, own);
      const writers: ClosedRowsWriter[] = [];
      if (frozen !== undefined && wanted <= frozen.last) return { data: [answerOf(this.#closed(own, wanted))] };
      const { made } = await this.books.ask(fresh, asker, async (connection) => {
        const state = await this.books.ready(connection);
        const by = { by: asker.name, build: VERSION_OF_BUILD, policy: state.policy, rules: this.books.policy };
        const rowsWriter = (): ClosedRowsWriter => {
          const writer = this.closings.rowsWriter();
          writers.push(writer);
          return writer;
        };
        return {
          made: await closingsOf(connection, {
            ...own,
            ...by,
            rowsWriter,
            closings: this.closings,
            frozen,
            state,
            month: wanted,
            zone,
            accepts: accept,
          }),
        };
      });
      const events = made.map((data) => ({ kind: 'closed' as const, data }));
      if (await appended(this.closings, events, revision)) return { data: made.map(withoutBalances) };
      // Another closing was first, so none names these rows.
      for (const writer of writers) await writer.discard();
    }
    throw othersClose();
  }

  /** Reopens the last closed month: it is shown by what is known now. @throws ProblemError 409 for any other month */
  @Post(':month/reopen')
  @HttpCode(200)
  @NeedsScope('admin')
  @TakesBody(BODY_BYTES_MAX)
  async reopen(
    @Param('month', { schema: pathMonth }) wanted: string,
    @JsonBody(reopeningRequest) { livemode, account, reason }: z.output<typeof reopeningRequest>,
    @AskedBy() asker: Asker,
  ): Promise<Reopening> {
    const own = booksOf({ livemode, account });
    for (let attempt = 1; attempt <= APPEND_ATTEMPTS_MAX; attempt += 1) {
      const revision = await this.closings.refresh();
      const closed = this.closings.of(own);
      const last = closed.at(-1)?.month;
      if (last !== wanted) {
        const isClosed = closed.some((one) => one.month === wanted);
        throw new ProblemError(
          'closing_refused',
          isClosed
            ? `Only the last closed month can be reopened: ${last}.`
            : `${wanted} of ${nameOfBooks(own)} is not closed.`,
        );
      }
      const reopenedAt = new Date().toISOString();
      const data: Reopening = { ...own, month: wanted, by: asker.name, reopenedAt, reason: reason ?? null };
      if (await appended(this.closings, [{ kind: 'reopened', data }], revision)) return data;
    }
    throw othersClose();
  }

  /** @throws ProblemError 404 */
  #closed(own: Whose, wanted: string): ClosedMonth {
    const found = this.closings.of(own).find((one) => one.month === wanted);
    if (found === undefined)
      throw new ProblemError(
        'not_found',
        `${wanted} of ${nameOfBooks(own)} is not closed. GET /v1/closings lists the closed months.`,
      );
    return found;
  }
}

/** Reads the scope; an empty account is the own one. */
const booksOf = ({ livemode, account }: { livemode: boolean; account?: string | undefined }): Whose => ({
  livemode,
  account: account === undefined || account === '' ? null : account,
});

function correctionPlace(list: string, cursor: string | undefined): CorrectionPlace | null {
  if (cursor === undefined) return null;
  const [of, at, id] = placeOfCursor(list, cursor) ?? [];
  if (of == null || at == null || id == null)
    throw badQuery('cursor: must be the nextCursor of the previous page, for the same month');
  return { month: of, at, id };
}

/** Yields the corrections after a place, in stored order. */
async function* rest(all: AsyncIterable<Correction>, after: CorrectionPlace | null): AsyncGenerator<Correction> {
  let isBehind = after !== null;
  for await (const one of all)
    if (!isBehind) yield one;
    else isBehind = !(one.month === after?.month && one.id === after.id && one.effectiveAt === after.at);
}

const othersClose = () =>
  new ProblemError('closing_refused', 'Another request is closing months at the same time. Try again.');
const answerOf = ({ revision: _, ...closing }: ClosedMonth): ClosingAnswer => closing;
const withoutBalances = ({ balances: _, ...closing }: Closing): ClosingAnswer => closing;
