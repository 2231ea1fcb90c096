import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { AnswersJson } from '../answer.js';
import { LIMITS } from '../limits.js';
import { PastThreads } from '../past/past-threads.js';
import { freshness, paging, pathId, wholeNumber } from '../query.js';
import { ReadPosition } from '../read-position.js';

const events = z.strictObject({
  ...freshness,
  include: z.literal('linked').optional(),
  after: wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER }).default(0),
  limit: paging.limit,
});

/** The events of a subscription, read from the log. */
@Controller('subscriptions')
@NeedsScope('read')
export class TimelineController {
  constructor(
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(PastThreads) private readonly past: PastThreads,
  ) {}

  @Get(':id/events')
  @AnswersJson()
  async events(
    @Param('id', { schema: pathId }) subscription: string,
    @Query({ schema: events }) asked: z.output<typeof events>,
    @AskedBy() asker: Asker,
  ): Promise<Buffer> {
    await this.position.satisfy(asked, asker);
    const { after, limit, include } = asked;
    return this.past.ask(
      {
        kind: 'timeline',
        subscription,
        after,
        limit,
        withLinked: include === 'linked',
        bytesMax: LIMITS.timelinePageBytesMax,
      },
      asker,
    );
  }
}
