import { Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { rejection, type Decision } from '../../access-changes/change.js';
import { giveVerdict, historyOf, type PastDecision } from '../../access-changes/change-log.js';
import { heldSummary, listHeld } from '../../access-changes/states.js';
import type { EventStore } from '../../eventstore/event-store.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { JsonBody } from '../../http/json-body.js';
import { TakesBody } from '../../http/rim.js';
import { isNotYetMade } from '../../read-models/database.js';
import { cursorOf, placeOfCursor } from '../cursor.js';
import { LIVE_HEADERS } from '../live/live-reader.js';
import { badQuery, paging, pathId, position, wholeNumber } from '../query.js';
import { Reads } from '../reads.js';
import { AccessFeed, type FeedPage } from './access-feed.js';

export const ACCESS_LOG = Symbol('AccessLog');

const reading = z.strictObject({
  after: position.optional(),
  limit: paging.limit,
  waitMs: wholeNumber({ min: 0, max: 30_000 }).default(0),
});
const listing = z.strictObject({ ...paging });
const BODY_BYTES_MAX = 4_096;

/** Changes of access with their reasons: one feed, polled or followed; each customer's history; and changes on hold. */
@Controller()
@NeedsScope('access')
export class AccessChangesController {
  constructor(
    @Inject(AccessFeed) private readonly feed: AccessFeed,
    @Inject(ACCESS_LOG) private readonly store: EventStore,
    @Inject(Reads) private readonly reads: Reads,
  ) {}

  @Get('access-changes')
  page(
    @Query({ schema: reading }) { after, limit, waitMs }: z.output<typeof reading>,
    @AskedBy() asker: Asker,
  ): Promise<FeedPage> {
    return this.feed.page({ after: after ?? null, limit, waitMs }, asker);
  }

  /** Streams each change as it comes; `Last-Event-ID` (a change's position) resumes after that change. */
  @Get('access-changes/live')
  async follow(
    @Headers('last-event-id') lastEventId: string | undefined,
    @AskedBy() asker: Asker,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (request.method === 'HEAD') return void reply.headers(LIVE_HEADERS).send();
    const begin = await this.feed.follow(lastEventId, asker);
    reply.hijack();
    begin(reply.raw);
  }

  /** Lists the changes on hold, which an approval would apply. */
  @Get('access-changes/held')
  @NeedsScope('admin')
  async held(
    @Query({ schema: listing }) { cursor, limit }: z.output<typeof listing>,
    @AskedBy() asker: Asker,
  ): Promise<{ data: (Decision & { hold: string })[]; count: number; nextCursor: string | null }> {
    const after = textOf('held', cursor) ?? '';
    const { rows, count } = await this.reads
      .by(asker)
      .snapshot(async (connection) => ({
        rows: await listHeld(connection, { after, max: limit }),
        ...(await heldSummary(connection)),
      }))
      .catch(orNothing);
    const last = rows.at(-1);
    return {
      data: rows.map(({ hold, decision }) => ({ ...decision, hold })),
      count,
      nextCursor: rows.length === limit && last !== undefined ? cursorOf('held', [last.decision.customer]) : null,
    };
  }

  /**
   * Approves all changes on hold now; later ones need another approval. The deciding process records it within seconds.
   */
  @Post('access-changes/approve')
  @HttpCode(202)
  @NeedsScope('admin')
  async approve(@AskedBy() asker: Asker): Promise<{ approved: number }> {
    return { approved: await this.#judge(asker, null) };
  }

  /** Rejects all changes on hold now, and records why in each customer's history. Later decisions are not affected. */
  @Post('access-changes/reject')
  @HttpCode(202)
  @NeedsScope('admin')
  @TakesBody(BODY_BYTES_MAX)
  async reject(
    @JsonBody(rejection) { why }: z.output<typeof rejection>,
    @AskedBy() asker: Asker,
  ): Promise<{ rejected: number }> {
    return { rejected: await this.#judge(asker, why) };
  }

  /** Returns the number of customers concerned. */
  async #judge(asker: Asker, why: string | null): Promise<number> {
    const { count, holds } = await this.reads
      .by(asker)
      .snapshot((connection) => heldSummary(connection))
      .catch((error: unknown) => ({ ...orNothing(error), holds: [] }));
    if (holds.length > 0) await giveVerdict(this.store, { holds, by: asker.name, at: new Date().toISOString(), why });
    return count;
  }

  /** Lists the decisions about a customer, the newest first. */
  @Get('customers/:id/access-changes')
  async history(
    @Param('id', { schema: pathId }) customer: string,
    @Query({ schema: listing }) { cursor, limit }: z.output<typeof listing>,
  ): Promise<{ data: PastDecision[]; nextCursor: string | null }> {
    const place = textOf('access', cursor);
    const data = await historyOf(this.store, customer, {
      before: place === undefined ? undefined : BigInt(place),
      max: limit,
    });
    const last = data.at(-1);
    return {
      data,
      nextCursor:
        data.length === limit && last !== undefined && last.revision > 0
          ? cursorOf('access', [String(last.revision)])
          : null,
    };
  }
}

/** Empty while the table does not exist, because no decision was made in this Postgres yet; rethrows other errors. */
function orNothing(error: unknown): { rows: never[]; count: number } {
  if (isNotYetMade(error)) return { rows: [], count: 0 };
  throw error;
}

function textOf(list: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const [place] = placeOfCursor(list, cursor) ?? [];
  if (typeof place !== 'string') throw badQuery('cursor: must be the nextCursor of the previous page');
  return place;
}
