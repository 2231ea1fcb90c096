import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { LIVE_HEADERS } from './live-reader.js';
import type { LiveTopic } from './live-topics.js';
import { LiveUpdates } from './live-updates.js';
import { freshness, pathId } from '../query.js';
import { ReadPosition } from '../read-position.js';

const following = z.strictObject(freshness);
type Following = z.output<typeof following>;
type FollowRequest = Readonly<{ wanted: Following; asker: Asker; request: FastifyRequest; reply: FastifyReply }>;

/** Server-Sent Events: the current state, then each later one. */
@Controller()
@NeedsScope('read')
export class LiveController {
  constructor(
    @Inject(LiveUpdates) private readonly updates: LiveUpdates,
    @Inject(ReadPosition) private readonly position: ReadPosition,
  ) {}

  @Get('subscriptions/:id/live')
  subscription(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: following }) wanted: Following,
    @AskedBy() asker: Asker,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#follow({ kind: 'subscription', id }, { wanted, asker, request, reply });
  }

  @Get('customers/:id/live')
  customer(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: following }) wanted: Following,
    @AskedBy() asker: Asker,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#follow({ kind: 'customer', id }, { wanted, asker, request, reply });
  }

  /** Ignores `Last-Event-ID`: every connection gets the current state first. A HEAD has no body to stream. */
  async #follow(topic: LiveTopic, { wanted, asker, request, reply }: FollowRequest): Promise<void> {
    if (request.method === 'HEAD') return void reply.headers(LIVE_HEADERS).send();
    await this.position.satisfy(wanted, asker);
    const begin = await this.updates.follow(topic, asker);
    reply.hijack();
    begin(reply.raw);
  }
}
