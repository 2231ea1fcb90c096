import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { ProblemError } from '../../http/problem.js';
import type { Answer } from '../answer.js';
import type { Books } from '../books/books.js';
import { SETTLED_BOOKS } from '../books/tokens.js';
import { cursorOf, placeOfCursor } from '../cursor.js';
import type { Page } from '../lists.js';
import { badQuery, freshness, paging, pathPart, time } from '../query.js';
import { ReadPosition } from '../read-position.js';
import { Reads } from '../reads.js';
import { FINDINGS, findingsOf } from './findings.js';

const reading = z.strictObject(freshness);
const listing = z.strictObject({ ...freshness, ...paging, since: time.optional() });

/** How far back findings go by default. */
const DAYS_BACK = 90;

/** Contradictions, gaps, and work for a person, as lists to process. */
@Controller('findings')
@NeedsScope('read')
export class FindingsController {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(SETTLED_BOOKS) private readonly settled: Books,
  ) {}

  @Get()
  all(@Query({ schema: reading }) _: z.output<typeof reading>): Readonly<{ data: readonly Answer[] }> {
    const lists = Object.entries(FINDINGS).map(([name, { says }]) => ({ name, says, href: `/v1/findings/${name}` }));
    const setToEnd = {
      name: 'set-to-end',
      says: 'Subscriptions that are still live but set to end.',
      href: '/v1/subscriptions?canceling=true',
    };
    return { data: [...lists, setToEnd] };
  }

  @Get(':name')
  async list(
    @Param('name', { schema: pathPart('name') }) name: string,
    @Query({ schema: listing }) { since, cursor, limit, ...fresh }: z.output<typeof listing>,
    @AskedBy() asker: Asker,
  ): Promise<Page> {
    const finding = Object.hasOwn(FINDINGS, name) ? FINDINGS[name] : undefined;
    if (finding === undefined)
      throw new ProblemError('not_found', `There is no list ${name}. GET /v1/findings lists them.`);
    const after = cursor === undefined ? null : placeOf(name, cursor);
    await this.position.satisfy(fresh, asker);
    await this.settled.satisfy(fresh, asker);
    const now = new Date();
    const wanted = {
      since: since ?? new Date(now.getTime() - DAYS_BACK * 86_400_000).toISOString(),
      now,
      after,
      limit,
    };
    const found = await this.reads.by(asker).snapshot((connection) => findingsOf(connection, finding, wanted));
    const data = found.slice(0, limit);
    const last = data.at(-1);
    const isMore = found.length > limit && last !== undefined;
    return {
      data: data.map((one) => ({ ...one, href: hrefOf(one) })),
      nextCursor: isMore
        ? cursorOf(`findings ${name}`, [(last['at'] as Date).toISOString(), String(last['id'])])
        : null,
    };
  }
}

const hrefOf = ({ kind, id }: Answer): string => `/v1/${String(kind)}s/${encodeURIComponent(String(id))}`;

function placeOf(name: string, cursor: string): { at: string | null; id: string } {
  const [at, id] = placeOfCursor(`findings ${name}`, cursor) ?? [];
  if (at === undefined || typeof id !== 'string') throw badQuery('cursor: must be the nextCursor of the previous page');
  return { at, id };
}
