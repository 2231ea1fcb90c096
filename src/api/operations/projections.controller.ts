import { Controller, Get, Inject } from '@nestjs/common';
import { reportOf, type GenerationReport } from '../../read-models/generation-report.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { Health, positionOf, readStanding } from './health.js';
import { Reads } from '../reads.js';

/** The progress of the projections. */
@Controller()
@NeedsScope('read')
export class ProjectionsController {
  constructor(
    @Inject(Health) private readonly health: Health,
    @Inject(Reads) private readonly reads: Reads,
  ) {}

  @Get('projections')
  async projections(@AskedBy() asker: Asker): Promise<{ data: GenerationReport[] }> {
    const [log, { checkpoints, parked, following }] = await Promise.all([
      this.health.log(),
      this.reads.by(asker).snapshot(readStanding),
    ]);
    const followed = checkpoints.filter(({ state }) => state !== 'kept');
    const lags = await this.health.lagsAt(followed.map(positionOf), log);
    return {
      data: checkpoints.map((checkpoint) =>
        reportOf(checkpoint, {
          end: log.kind === 'away' || log.kind === 'refused' ? null : log,
          lagSeconds: checkpoint.state === 'kept' ? null : (lags.get(positionOf(checkpoint)) ?? null),
          parkedStreams: parked.get(checkpoint.name) ?? 0,
          derived: following.get(checkpoint.name) ?? null,
        }),
      ),
    };
  }
}
