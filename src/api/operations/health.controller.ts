import { Controller, Get, HttpCode, HttpStatus, Inject, Req, Res, VERSION_NEUTRAL } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OpenToAll } from '../../http/open-to-all.js';
import { AuthGuard } from '../../http/auth.guard.js';
import { Health, publicReport, type HealthReport, type PublicReport } from './health.js';

/** Health checks for load balancers: open to all. Details require a token that may read. */
@Controller({ path: 'health', version: VERSION_NEUTRAL })
@OpenToAll()
export class HealthController {
  constructor(
    @Inject(Health) private readonly health: Health,
    @Inject(AuthGuard) private readonly guard: AuthGuard,
  ) {}

  /** Whether the process runs and answers. */
  @Get('live')
  @HttpCode(200)
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Whether the process can serve its roles, and may receive events. Ingest needs only the event store. */
  @Get('ready')
  ready(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<HealthReport | PublicReport> {
    return this.#answer((report) => report.ready, { request, reply });
  }

  /** Whether the read API can be used here: this depends on Postgres, and on read models that have caught up. */
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
