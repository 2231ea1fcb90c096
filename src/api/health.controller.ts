import { Controller, Get, HttpCode, HttpStatus, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { OpenToAll } from '../http/open-to-all.js';
import { Health } from './health.js';

/** For load balancers: open to all, and says no more than they need. */
@Controller('health')
@OpenToAll()
export class HealthController {
  constructor(@Inject(Health) private readonly health: Health) {}

  /** The process runs and answers. */
  @Get('live')
  @HttpCode(200)
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Can this process do what its roles ask? May Stripe's events be sent here, if it takes any: that depends on the event store alone. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const report = await this.health.report();
    void reply.status(report.ready ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE);
    return report;
  }

  /** May the read API be asked here? Depends on Postgres, and on the read models having been brought up. */
  @Get('ready/reads')
  async readsReady(@Res({ passthrough: true }) reply: FastifyReply) {
    const report = await this.health.report();
    void reply.status(report.reads.ready ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE);
    return report;
  }
}
