import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { NeedsScope } from './auth.guard.js';
import type { LiveTopic } from './live-topics.js';
import { LiveUpdates } from './live-updates.js';
import { freshness, parseQuery } from './query.js';
import { ReadPosition } from './read-position.js';

const following = z.strictObject(freshness);

/** Server-Sent Events: the current state, and each later one. */
@Controller()
@NeedsScope('read')
export class LiveController {
  constructor(
    @Inject(LiveUpdates) private readonly updates: LiveUpdates,
    @Inject(ReadPosition) private readonly position: ReadPosition,
  ) {}

  @Get('subscriptions/:id/live')
  subscription(@Param('id') id: string, @Query() query: unknown, @Res() reply: FastifyReply): Promise<void> {
    return this.#follow({ kind: 'subscription', id }, query, reply);
  }

  @Get('customers/:id/live')
  customer(@Param('id') id: string, @Query() query: unknown, @Res() reply: FastifyReply): Promise<void> {
    return this.#follow({ kind: 'customer', id }, query, reply);
  }

  /** Nothing depends on `Last-Event-ID`: who comes back is told the current state, as everybody who connects. */
  async #follow(topic: LiveTopic, query: unknown, reply: FastifyReply): Promise<void> {
    await this.position.satisfy(parseQuery(following, query));
    const begin = await this.updates.follow(topic);
    reply.hijack();
    begin(reply.raw);
  }
}
