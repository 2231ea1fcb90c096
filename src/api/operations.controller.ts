import { Controller, Get, Inject } from '@nestjs/common';
import { distanceTo } from '../eventstore/log-end.js';
import { readLines, type Line } from '../read-models/lines.js';
import { countParked } from '../read-models/parked-streams.js';
import { AskedBy, type Asker } from './asker.js';
import { NeedsScope } from './auth.guard.js';
import { Health, type LogState } from './health.js';
import { Reads } from './reads.js';

/** One generation of one version of a projection, whichever build follows it; `event_index` is the index of event ids. */
type ProjectionReport = {
  name: string; version: number; generation: number; state: Line['state']; shown: boolean;
  position: string | null; logPosition: string | null; caughtUp: boolean; behind: string | null; parkedStreams: number;
};

/** How far the projections are. */
@Controller()
@NeedsScope('read')
export class OperationsController {
  constructor(
    @Inject(Health) private readonly health: Health,
    @Inject(Reads) private readonly reads: Reads,
  ) {}

  /**
   * `behind` is the distance to the end of the log in positions: bytes of the log, not events. Null, as `logPosition`, while the end
   * is not known: then no line is caught up.
   */
  @Get('projections')
  async projections(@AskedBy() asker: Asker): Promise<{ data: ProjectionReport[] }> {
    const { log } = await this.health.positions();
    const { lines, parked } = await this.reads.by(asker).snapshot(async (connection) => ({ lines: await readLines(connection), parked: await countParked(connection) }));
    return { data: lines.map((line) => reportOf(line, { log, parkedStreams: parked.get(line.line) ?? 0 })) };
  }
}

function reportOf({ projection: name, version, generation, state, shown, at }: Line, { log, parkedStreams }: { log: LogState; parkedStreams: number }): ProjectionReport {
  const behind = log.kind === 'away' || log.kind === 'refused' ? null : distanceTo(log, at?.position ?? -1n);
  return {
    name, version, generation, state, shown,
    position: at === null ? null : String(at.position),
    logPosition: log.kind === 'at' ? String(log.position) : null,
    caughtUp: behind === 0n,
    behind: behind === null ? null : String(behind),
    parkedStreams,
  };
}
