import { Controller, Inject, Post, Req, Res, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { VisitedBy } from '../http/asker.js';
import { NeedsScope } from '../http/auth.guard.js';
import { TakesBody } from '../http/rim.js';
import type { Visitor } from '../http/tokens.js';
import { FORM_BYTES_MAX, formOf, leadTo } from './answering.js';
import { pathOf, withQuery } from './ledger.js';
import { OwnApi } from './own-api.js';
import { PageProblems } from './page-problems.js';
import { ownForm } from './session.controller.js';

/** What forms of the console do, by the routes of the API. */
@Controller({ path: 'console', version: VERSION_NEUTRAL })
@NeedsScope('admin')
@UseFilters(PageProblems)
export class ActionsController {
  constructor(@Inject(OwnApi) private readonly api: OwnApi) {}

  /** One parked stream again, or all when none is named. */
  @Post('parked/replay')
  @TakesBody(FORM_BYTES_MAX)
  async replay(
    @VisitedBy() visitor: Visitor,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    ownForm(request);
    const { projection, stream } = formOf(request);
    const ledger = this.api.for(visitor, request);
    if (stream === undefined || projection === undefined) {
      await ledger.do('POST', '/v1/parked/replay');
      return leadTo(reply, '/console/parked?told=wanted');
    }
    const { outcome } = await ledger.do<{ outcome: string }>(
      'POST',
      `/v1/${pathOf('parked', projection, stream, 'replay')}`,
    );
    leadTo(reply, withQuery('/console/parked', { told: outcome }));
  }
}
