import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import type { Answer } from '../answer.js';
import { freshness, pathId } from '../query.js';
import { ReadPosition } from '../read-position.js';
import { Reads } from '../reads.js';
import { findOne } from '../resource.js';
import { UPCOMING_INVOICES } from './schedules.js';

const reading = z.strictObject(freshness);

/** What the next invoice of a subscription will ask, as Stripe last previewed it. */
@Controller('subscriptions')
@NeedsScope('read')
export class UpcomingController {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(ReadPosition) private readonly position: ReadPosition,
  ) {}

  @Get(':id/upcoming')
  async upcoming(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: reading }) asked: z.output<typeof reading>,
    @AskedBy() asker: Asker,
  ): Promise<Answer> {
    await this.position.satisfy(asked, asker);
    return this.reads.by(asker).snapshot((connection) => findOne(connection, UPCOMING_INVOICES, id));
  }
}
