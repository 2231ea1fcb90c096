import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { calendarOf, dayName, dayNamed } from '../../../derivations/revenue/calendar.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import type { Queryable } from '../../read-models/database.js';
import type { Answer } from '../answer.js';
import { Books, type Booked } from '../books/books.js';
import { day, dayOf, month, monthAfter, monthOf, nowSecond, scope, withinDays } from '../books/query.js';
import { MRR_BOOKS } from '../books/tokens.js';
import { CUSTOMERS } from '../customers/customers.js';
import { findById, listingOf, listQuery, type List, type Page } from '../lists.js';
import { notFound } from '../not-found.js';
import { badQuery, freshness, pathId } from '../query.js';
import { findOne, findSome } from '../resource.js';
import { SUBSCRIPTIONS } from '../subscriptions/subscriptions.js';
import { cohorts, type Cohorts } from './cohorts.js';
import { MOVEMENTS } from './movements.js';
import { retention, type Retention } from './retention.js';
import { INTERVALS, mrrSeries, type Interval, type MrrSeries } from './series.js';
import { trials, type Trials } from './trials.js';
import { worthOfCustomer, worthOfSubscription } from './worth.js';

const reading = z.strictObject(freshness);
const days = { from: day.optional(), to: day.optional() };
const asSeries = z.strictObject({ ...freshness, ...scope, ...days, interval: z.enum(INTERVALS).default('month') });
const asPeriod = z.strictObject({ ...freshness, ...scope, ...days });
const asCohorts = z.strictObject({ ...freshness, ...scope, from: month.optional(), to: month.optional() });
const asTrials = z.strictObject({ ...freshness, ...scope, ...days, withinDays });
const movements = listQuery(MOVEMENTS);

type Period = Readonly<{ from: string; to: string }>;

/** MRR by the rules of docs/money.md. Days and months are those of the policy's zone, both included. */
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
    const wanted = listingOf(MOVEMENTS, asked);
    return this.books.ask(asked, asker, (connection) => findSome(connection, MOVEMENTS, wanted));
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
    const { zone } = this.books.policy;
    const times = { from: startOf(wanted.from, zone), until: startOf(dayName(dayNamed(wanted.to) + 1), zone) };
    return this.books.ask(asked, asker, async (connection) => ({
      ...wanted,
      withinDays: within,
      data: await trials(connection, { ...asked, ...times, withinDays: within }),
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

  /** The last year up to today, unless told. @throws ProblemError 400 */
  #days(from: string | undefined, to: string | undefined): Period {
    const today = dayOf(nowSecond(), this.books.policy.zone);
    const last = to ?? (from === undefined || from <= today ? today : from);
    const first = from ?? `${monthAfter(last.slice(0, 7), -11)}-01`;
    if (first > last) throw badQuery('to: must not be before from');
    return { from: first, to: last };
  }
}

/** The moment at which a day begins: within a day of its beginning in UTC. */
function startOf(name: string, zone: string): Date {
  const wanted = dayNamed(name);
  const { dayOf: dayAt } = calendarOf(zone);
  const utc = wanted * 86_400;
  let [low, high] = [utc - 86_400, utc + 86_400];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (dayAt(middle) >= wanted) high = middle;
    else low = middle;
  }
  return new Date(high * 1000);
}

/** @throws ProblemError 404 for what nobody knows: it is not worth nothing */
async function known(
  connection: Queryable,
  worth: Answer,
  { list, kind, id }: Readonly<{ list: List; kind: string; id: string }>,
): Promise<Answer> {
  if ((worth['items'] as readonly unknown[]).length === 0 && (await findById(connection, list, id)) === null)
    throw notFound(kind, id);
  return worth;
}
