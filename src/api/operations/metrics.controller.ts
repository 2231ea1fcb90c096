import { Controller, Get, Header, Inject, VERSION_NEUTRAL } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { NeedsScope } from '../../http/auth.guard.js';

export const METRICS = Symbol('Metrics');

/** Metrics of the process, for Prometheus. */
@Controller({ path: 'metrics', version: VERSION_NEUTRAL })
@NeedsScope('read')
export class MetricsController {
  constructor(@Inject(METRICS) private readonly registry: Registry) {}

  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  metrics(): Promise<string> {
    return this.registry.metrics();
  }
}
