import { Controller, Get, HttpCode, HttpStatus, Inject, Req, Res, VERSION_NEUTRAL } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OpenToAll } from '../../http/open-to-all.js';
import { AuthGuard } from '../../http/auth.guard.js';
import { Health, publicReport, type HealthReport, type PublicReport } from './health.js';

/** For load balancers: open to all. Causes, addresses, roles and checkpoints are for those whose token may read. */
@Controller({ path: 'health', version: VERSION_NEUTRAL })
@OpenToAll()
export class HealthController {
  constructor(
    @Inject(Health) private readonly health: Health,
    @Inject(AuthGuard) private readonly guard: AuthGuard,
  ) {}

  /** The process runs and answers. */
  @Get('live')
  @HttpCode(200)
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Can this process do what its roles ask? May Stripe's events be sent here, if it takes any: that depends on the event store alone. */
  @Get('ready')
  ready(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<HealthReport | PublicReport> {
    return this.#answer((report) => report.ready, { request, reply });
  }

  /** May the read API be asked here? Depends on Postgres, and on the read models having been brought up. */
  @Get('ready/reads')
  readsReady(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<HealthReport | PublicReport> {
    return this.#answer((report) => report.reads.ready, { request, reply });
  }

  async #answer(
    isReady: (report: HealthReport) => boolean,
    { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  ) {
    const report = await this.health.report();
    void reply.status(isReady(report) ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE);
    return this.guard.mayRead(request) ? report : publicReport(report);
  }
}
