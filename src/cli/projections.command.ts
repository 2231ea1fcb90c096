import { LogEndSearch } from '../eventstore/log-end.js';
import { LogLag } from '../eventstore/log-lag.js';
import { readFollowing } from '../deriving/standing.js';
import { readCheckpoints } from '../read-models/checkpoints.js';
import { reportOf, type GenerationReport } from '../read-models/generation-report.js';
import { countParked } from '../read-models/parked-streams.js';
import type { Command } from './command.js';
import { tableOf } from './texts.js';

export const projectionsCommand: Command = {
  help: `  --json              as JSON

The API answers from the live generation. "lag" is the age of the oldest event that is not yet in its rows. "behind" is a
distance in log positions, which are bytes; it is unknown until the last event of the log has been found. "keys" is the
number of keys that are still to be derived from other rows.
`,
  options: { json: { type: 'boolean' } },
  run: async ({ values }, { parts, print }) => {
    const [checkpoints, parked, following, end] = await Promise.all([
      readCheckpoints(parts.database),
      countParked(parts.database),
      readFollowing(parts.database),
      new LogEndSearch(parts.store).find(),
    ]);
    const lag = new LogLag(parts.store);
    const reports = await Promise.all(
      checkpoints.map(async (checkpoint) => {
        const lagSeconds =
          checkpoint.state === 'kept' ? null : await lag.secondsAt(checkpoint.at?.position ?? -1n, end);
        return reportOf(checkpoint, {
          end,
          lagSeconds,
          parkedStreams: parked.get(checkpoint.name) ?? 0,
          derived: following.get(checkpoint.name) ?? null,
        });
      }),
    );
    print(values['json'] === true ? JSON.stringify(reports, null, 2) : textOf(reports));
    return 0;
  },
};

function textOf(reports: readonly GenerationReport[]): string {
  const columns = [
    'name',
    'version',
    'generation',
    'state',
    'shown',
    'moving',
    'position',
    'behind',
    'lag',
    'parked',
    'keys',
  ];
  const rows = reports.map((one) =>
    [
      one.name,
      one.version,
      one.generation,
      one.state,
      one.shown ? 'yes' : 'no',
      one.moving ? 'yes' : 'no',
      one.position ?? '-',
      one.behind ?? 'unknown',
      one.lagSeconds === null ? '-' : `${Math.round(one.lagSeconds)} s`,
      one.parkedStreams,
      one.derived === null ? '-' : (one.derived.behindKeys ?? 'unknown'),
    ].map(String),
  );
  return tableOf(columns, rows);
}
