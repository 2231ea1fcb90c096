import { Controller, Get, Header, Inject } from '@nestjs/common';
import type { Registry } from 'prom-client';
import type { AnyProjection } from '../../projections/projection.js';
import { Database } from '../read-models/database.js';
import { countParked } from '../read-models/parked-streams.js';
import { NeedsScope } from './auth.guard.js';
import { Health } from './health.js';

export const METRICS = Symbol('Metrics');
export const PROJECTIONS = Symbol('Projections');

type ProjectionReport = { name: string; version: number; position: string | null; logPosition: string | null; caughtUp: boolean; behind: string | null; parkedStreams: number };

/** How far the projections are, and what the process counts. */
@Controller()
@NeedsScope('read')
export class OperationsController {
  constructor(
    @Inject(Health) private readonly health: Health,
    @Inject(Database) private readonly database: Database,
    @Inject(PROJECTIONS) private readonly list: readonly AnyProjection[],
    @Inject(METRICS) private readonly registry: Registry,
  ) {}

  /** `behind` is the distance to the end of the log in positions: bytes of the log, not events. */
  @Get('projections')
  async projections(): Promise<{ data: ProjectionReport[] }> {
    const { log, readModels } = await this.health.positions();
    const data = await Promise.all(this.list.map(async (projection) => ({
      name: projection.name,
      version: projection.version,
      position: readModels === null ? null : String(readModels),
      logPosition: log === null ? null : String(log),
      caughtUp: log !== null && readModels !== null && readModels >= log,
      behind: log === null || readModels === null ? null : String(log > readModels ? log - readModels : 0n),
      parkedStreams: await countParked(this.database, projection),
    })));
    return { data };
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  metrics(): Promise<string> {
    return this.registry.metrics();
  }
}
