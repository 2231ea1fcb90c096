import { Controller, Get, Inject } from '@nestjs/common';
import { distanceTo } from '../../eventstore/log-end.js';
import { readCheckpoints, type Checkpoint } from '../../read-models/checkpoints.js';
import { countParked } from '../../read-models/parked-streams.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { Health, positionOf, type LogState } from './health.js';
import { Reads } from '../reads.js';

/** One generation of one version of a projection, whichever build follows it; `event_index` is the index of event ids. */
type ProjectionReport = {
  name: string;
  version: number;
  generation: number;
  state: Checkpoint['state'];
  shown: boolean;
  position: string | null;
  logPosition: string | null;
  caughtUp: boolean;
  behind: string | null;
  lagSeconds: number | null;
  parkedStreams: number;
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
   * is not known: then no checkpoint is caught up. `lagSeconds` is the age of the oldest event that is not in the rows.
   */
  @Get('projections')
  async projections(@AskedBy() asker: Asker): Promise<{ data: ProjectionReport[] }> {
    const { log } = await this.health.positions();
    const { checkpoints, parked } = await this.reads.by(asker).snapshot(async (connection) => ({
      checkpoints: await readCheckpoints(connection),
      parked: await countParked(connection),
    }));
    const followed = checkpoints.filter(({ state }) => state !== 'kept');
    const lags = await this.health.lagsAt(followed.map(positionOf), log);
    return {
      data: checkpoints.map((checkpoint) =>
        reportOf(checkpoint, {
          log,
          lagSeconds: checkpoint.state === 'kept' ? null : (lags.get(positionOf(checkpoint)) ?? null),
          parkedStreams: parked.get(checkpoint.name) ?? 0,
        }),
      ),
    };
  }
}

function reportOf(
  { projection: name, version, generation, state, shown, at }: Checkpoint,
  { log, lagSeconds, parkedStreams }: { log: LogState; lagSeconds: number | null; parkedStreams: number },
): ProjectionReport {
  const behind = log.kind === 'away' || log.kind === 'refused' ? null : distanceTo(log, at?.position ?? -1n);
  return {
    name,
    version,
    generation,
    state,
    shown,
    position: at === null ? null : String(at.position),
    logPosition: log.kind === 'at' ? String(log.position) : null,
    caughtUp: behind === 0n,
    behind: behind === null ? null : String(behind),
    lagSeconds,
    parkedStreams,
  };
}
