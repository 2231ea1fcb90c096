import { Controller, Get, Header, Headers, Inject, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hash } from 'node:crypto';
import { z } from 'zod';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { AnswersJson } from '../answer.js';
import { LIVE_HEADERS } from '../live/live-reader.js';
import { PastThreads } from '../past/past-threads.js';
import { placeOfCursor } from '../cursor.js';
import { badQuery, freshness, origin, paging, pathId, streamName, text, time } from '../query.js';
import { ReadPosition } from '../read-position.js';
import { DELIVERIES_OF, type DeliveriesOf } from './deliveries.js';
import { LiveEvents } from './live-events.js';

const reading = z.strictObject(freshness);
const filters = { ...origin, type: text, object: text, endpoint: text, quarantine: text };
const listing = z.strictObject({ ...freshness, ...paging, ...filters, since: time.optional(), until: time.optional() });
const following = z.strictObject(filters);
const revision = z
  .string()
  .regex(/^\d{1,18}$/, 'must be a revision')
  .transform(BigInt);
const streaming = z.strictObject({ after: revision.optional(), limit: paging.limit });

/** Events as delivered and recorded, read from the log itself. */
@Controller()
@NeedsScope('read')
export class EventsController {
  constructor(
    @Inject(PastThreads) private readonly past: PastThreads,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(DELIVERIES_OF) private readonly deliveriesOf: DeliveriesOf,
    @Inject(LiveEvents) private readonly live: LiveEvents,
  ) {}

  @Get('events')
  @AnswersJson()
  async list(@Query({ schema: listing }) asked: z.output<typeof listing>, @AskedBy() asker: Asker): Promise<Buffer> {
    const { minPosition, waitMs, cursor, limit, ...filter } = asked;
    await this.position.satisfy({ minPosition, waitMs }, asker);
    return this.past.ask({ kind: 'events', filter, before: positionOf(cursor), limit }, asker);
  }

  /** Streams each event once, as it comes; `Last-Event-ID` (an event's position) resumes after that event. */
  @Get('events/live')
  async follow(
    @Query({ schema: following }) filter: z.output<typeof following>,
    @Headers('last-event-id') lastEventId: string | undefined,
    @AskedBy() asker: Asker,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (request.method === 'HEAD') return void reply.headers(LIVE_HEADERS).send();
    const begin = await this.live.follow(filter, lastEventId, asker);
    reply.hijack();
    begin(reply.raw);
  }

  @Get('events/:id')
  @AnswersJson()
  async one(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: reading }) asked: z.output<typeof reading>,
    @AskedBy() asker: Asker,
  ): Promise<Buffer> {
    await this.position.satisfy(asked, asker);
    return this.past.ask({ kind: 'event', id, deliveries: this.deliveriesOf(id) }, asker);
  }

  /** Returns the body of the first delivery, byte by byte: `bodySha256` is its hash. */
  @Get('events/:id/body')
  @Header('content-type', 'application/json')
  async body(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: reading }) asked: z.output<typeof reading>,
    @AskedBy() asker: Asker,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    await this.position.satisfy(asked, asker);
    const body = await this.past.ask({ kind: 'event_body', id }, asker);
    void reply.header('etag', `"${hash('sha256', body)}"`);
    return body;
  }

  /** Returns any stream, in order of revision. */
  @Get('streams/:name')
  @AnswersJson()
  stream(
    @Param('name', { schema: streamName }) stream: string,
    @Query({ schema: streaming }) { after = -1n, limit }: z.output<typeof streaming>,
    @AskedBy() asker: Asker,
  ): Promise<Buffer> {
    return this.past.ask({ kind: 'stream', stream, after, limit }, asker);
  }
}

function positionOf(cursor: string | undefined): bigint | null {
  if (cursor === undefined) return null;
  const [position] = placeOfCursor('events', cursor) ?? [];
  if (typeof position !== 'string' || !/^\d{1,18}$/.test(position))
    throw badQuery('cursor: must be the nextCursor of the previous page');
  return BigInt(position);
}
