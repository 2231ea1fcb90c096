import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import type { Queryable } from '../../read-models/database.js';
import type { Answer } from '../answer.js';
import { Books, type Booked } from '../books/books.js';
import {
  day,
  dayEnd,
  dayOf,
  days,
  dayStart,
  month,
  monthAfter,
  monthOf,
  nowSecond,
  onDays,
  scope,
  withinDays,
} from '../books/query.js';
import { MRR_BOOKS } from '../books/tokens.js';
import { cursorOf, placeOfCursor, type CursorPlace } from '../cursor.js';
import { CUSTOMERS } from '../customers/customers.js';
import { counting, findById, listingOf, listQuery, type List, type Page } from '../lists.js';
import { notFound } from '../not-found.js';
import { badQuery, flag, freshness, paging, pathId, wholeNumber } from '../query.js';
import { findOne, findCounted } from '../resource.js';
import { SUBSCRIPTIONS } from '../subscriptions/subscriptions.js';
import { cohorts, type Cohorts } from './cohorts.js';
import { committedMrr, type CommittedMrr } from './committed.js';
import { MOVEMENTS } from './movements.js';
import { retention, type Retention } from './retention.js';
import { INTERVALS, mrrSeries, type Interval, type MrrSeries } from './series.js';
import { trials, trialsOf, type Trial, type Trials } from './trials.js';
import { worthOfDay, WORTH_CHANGES, type CustomerWorth } from './worth-of-day.js';
import { worthOfCustomer, worthOfSubscription } from './worth.js';

const reading = z.strictObject(freshness);
const asSeries = z.strictObject({ ...freshness, ...scope, ...days, interval: z.enum(INTERVALS).default('month') });
const asPeriod = z.strictObject({ ...freshness, ...scope, ...days });
const asCohorts = z.strictObject({ ...freshness, ...scope, from: month.optional(), to: month.optional() });
const asTrials = z.strictObject({ ...freshness, ...scope, ...days, withinDays });
const asCommitted = z.strictObject({
  ...freshness,
  ...scope,
  withinDays: wholeNumber({ min: 0, max: 365 }).default(30),
});
const asTrialList = z.strictObject({
  ...freshness,
  ...scope,
  ...days,
  withinDays,
  converted: flag.optional(),
  ...paging,
});
const asCustomers = z
  .strictObject({
    ...freshness,
    ...scope,
    on: day.optional(),
    since: day.optional(),
    cohort: month.optional(),
    change: z.enum(WORTH_CHANGES).optional(),
    ...paging,
  })
  .refine(({ since, cohort }) => since === undefined || cohort === undefined, {
    path: ['cohort'],
    error: 'cannot be combined with since: give one of them',
  });
const movements = listQuery(MOVEMENTS, { more: { ...days, ...counting } });

type Period = Readonly<{ from: string; to: string }>;

/** MRR by the rules of docs/money.md. Ranges of days and months are inclusive, in the policy's time zone. */
@Controller()
@NeedsScope('read')
export class MrrController {
  constructor(@Inject(MRR_BOOKS) private readonly books: Books) {}

  @Get('mrr')
  series(
    @Query({ schema: asSeries }) { from, to, interval, ...asked }: z.output<typeof asSeries>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Period & { interval: Interval; data: readonly MrrSeries[]; isComplete: boolean }>> {
    const wanted = this.#days(from, to);
    return this.books.ask(asked, asker, async (connection) => {
      const data = await mrrSeries(connection, { ...asked, ...wanted, interval });
      return { ...wanted, interval, data, isComplete: data.every(({ unknownItems }) => unknownItems === 0) };
    });
  }

  @Get('mrr/movements')
  movements(
    @Query({ schema: movements }) asked: z.output<typeof movements>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Page>> {
    const wanted = onDays(listingOf(MOVEMENTS, asked), asked, this.books.policy.zone);
    return this.books.ask(asked, asker, (connection) => findCounted(connection, MOVEMENTS, wanted, asked.count));
  }

  @Get('mrr/movements/:id')
  movement(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: reading }) asked: z.output<typeof reading>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Answer>> {
    return this.books.ask(asked, asker, (connection) => findOne(connection, MOVEMENTS, id));
  }

  @Get('mrr/retention')
  retention(
    @Query({ schema: asPeriod }) { from, to, ...asked }: z.output<typeof asPeriod>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Period & { data: readonly Retention[] }>> {
    const wanted = this.#days(from, to);
    return this.books.ask(asked, asker, async (connection) => ({
      ...wanted,
      data: await retention(connection, { ...asked, ...wanted }),
    }));
  }

  @Get('mrr/cohorts')
  cohorts(
    @Query({ schema: asCohorts }) { from, to, ...asked }: z.output<typeof asCohorts>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Period & { until: string; data: readonly Cohorts[] }>> {
    const until = monthOf(nowSecond(), this.books.policy.zone);
    const last = to ?? (from === undefined ? until : monthAfter(from, 11));
    const first = from ?? monthAfter(last, -11);
    if (first > last) throw badQuery('to: must not be before from');
    return this.books.ask(asked, asker, async (connection) => ({
      ...{ from: first, to: last, until },
      data: await cohorts(connection, { ...asked, from: first, to: last, until }),
    }));
  }

  @Get('mrr/trials')
  trials(
    @Query({ schema: asTrials }) { from, to, withinDays: within, ...asked }: z.output<typeof asTrials>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Period & { withinDays: number; data: readonly Trials[] }>> {
    const wanted = this.#days(from, to);
    return this.books.ask(asked, asker, async (connection) => ({
      ...wanted,
      withinDays: within,
      data: await trials(connection, { ...asked, ...this.#times(wanted), withinDays: within }),
    }));
  }

  /** Lists the trials behind these numbers. */
  @Get('mrr/trials/ended')
  trialsEnded(
    @Query({ schema: asTrialList })
    { from, to, withinDays: within, converted, limit, cursor, ...asked }: z.output<typeof asTrialList>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Period & { withinDays: number; data: readonly Trial[]; nextCursor: string | null }>> {
    const wanted = this.#days(from, to);
    const list = `trials ${wanted.from} ${wanted.to}`;
    const after = placeIn(list, cursor);
    return this.books.ask(asked, asker, async (connection) => {
      const page = { ...this.#times(wanted), withinDays: within, converted, after, limit };
      const { data, next } = await trialsOf(connection, { ...asked, ...page });
      return { ...wanted, withinDays: within, data, nextCursor: next === null ? null : cursorOf(list, next) };
    });
  }

  /** Lists the customers behind a number: their MRR at the end of a day, compared with before. */
  @Get('mrr/customers')
  customers(
    @Query({ schema: asCustomers })
    { on, since, cohort, change, limit, cursor, ...asked }: z.output<typeof asCustomers>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<{ on: string; data: readonly CustomerWorth[]; nextCursor: string | null }>> {
    const day = on ?? dayOf(nowSecond(), this.books.policy.zone);
    if (since !== undefined && since > day) throw badQuery('since: must not be after on');
    const list = `worth ${day} ${since ?? ''} ${cohort ?? ''}`;
    const after = placeIn(list, cursor);
    return this.books.ask(asked, asker, async (connection) => {
      const changes = change === undefined ? WORTH_CHANGES : [change];
      const page = { on: day, since: since ?? null, cohort: cohort ?? null, changes, after, limit };
      const { data, next } = await worthOfDay(connection, { ...asked, ...page });
      return { on: day, data, nextCursor: next === null ? null : cursorOf(list, next) };
    });
  }

  /** Returns current MRR less what is known to end within some days, with changes that need no event. */
  @Get('mrr/committed')
  committed(
    @Query({ schema: asCommitted }) { withinDays: within, ...asked }: z.output<typeof asCommitted>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<{ at: Date; until: Date; withinDays: number; data: readonly CommittedMrr[] }>> {
    const at = new Date(nowSecond() * 1000);
    const until = new Date(at.getTime() + within * 86_400_000);
    return this.books.ask(asked, asker, async (connection) => ({
      ...{ at, until, withinDays: within },
      data: await committedMrr(connection, { ...asked, at, until }),
    }));
  }

  @Get('customers/:id/mrr')
  ofCustomer(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: reading }) asked: z.output<typeof reading>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Answer>> {
    return this.books.ask(asked, asker, async (connection) => {
      const worth = await worthOfCustomer(connection, id);
      return known(connection, worth, { list: CUSTOMERS, kind: 'customer', id });
    });
  }

  @Get('subscriptions/:id/mrr')
  ofSubscription(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: reading }) asked: z.output<typeof reading>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Answer>> {
    return this.books.ask(asked, asker, async (connection) => {
      const worth = await worthOfSubscription(connection, id);
      return known(connection, worth, { list: SUBSCRIPTIONS, kind: 'subscription', id });
    });
  }

  #times({ from, to }: Period): Readonly<{ from: Date; until: Date }> {
    const { zone } = this.books.policy;
    return { from: dayStart(from, zone), until: dayEnd(to, zone) };
  }

  /** The range of days; by default the last year up to today. @throws ProblemError 400 */
  #days(from: string | undefined, to: string | undefined): Period {
    const today = dayOf(nowSecond(), this.books.policy.zone);
    const last = to ?? (from === undefined || from <= today ? today : from);
    const first = from ?? `${monthAfter(last.slice(0, 7), -11)}-01`;
    if (first > last) throw badQuery('to: must not be before from');
    return { from: first, to: last };
  }
}

/** @throws ProblemError 400 for a cursor of another list */
function placeIn(list: string, cursor: string | undefined): CursorPlace | null {
  const place = cursor === undefined ? null : placeOfCursor(list, cursor);
  if (cursor !== undefined && place === null)
    throw badQuery('cursor: must be the nextCursor of the previous page, for the same days');
  return place;
}

/** @throws ProblemError 404 for an unknown subscription or customer, whose MRR is unknown, not zero */
async function known(
  connection: Queryable,
  worth: Answer,
  { list, kind, id }: Readonly<{ list: List; kind: string; id: string }>,
): Promise<Answer> {
  if ((worth['items'] as readonly unknown[]).length === 0 && (await findById(connection, list, id)) === null)
    throw notFound(kind, id);
  return worth;
}
