import { distanceTo, LogEndSearch, type LogEnd } from '../eventstore/log-end.js';
import { readCheckpoints, type Checkpoint } from '../read-models/checkpoints.js';
import { countParked } from '../read-models/parked-streams.js';
import type { Command } from './command.js';

export const projectionsCommand: Command = {
  help: `  --json              as JSON

The API answers from the generation that is shown. "lag" is the age of the oldest event that is not in its rows. "behind"
counts positions of the log, which are bytes; it is unknown while the last event of the log is being looked for behind many
events of the store's own.
`,
  options: { json: { type: 'boolean' } },
  run: async ({ values }, { parts, print }) => {
    const [checkpoints, parked, end] = await Promise.all([
      readCheckpoints(parts.database),
      countParked(parts.database),
      new LogEndSearch(parts.store).find(),
    ]);
    const reports = checkpoints.map((checkpoint) =>
      reportOf(checkpoint, { end, parkedStreams: parked.get(checkpoint.name) ?? 0 }),
    );
    print(values['json'] === true ? JSON.stringify(reports, null, 2) : tableOf(reports));
    return 0;
  },
};

function reportOf(
  { projection: name, version, generation, state, shown, at, isFree }: Checkpoint,
  { end, parkedStreams }: { end: LogEnd; parkedStreams: number },
) {
  const distance = distanceTo(end, at?.position ?? -1n);
  return {
    name,
    version,
    generation,
    state,
    shown,
    moving: !isFree,
    position: at === null ? null : String(at.position),
    behind: distance === null ? null : String(distance),
    parkedStreams,
  };
}

function tableOf(reports: readonly ReturnType<typeof reportOf>[]): string {
  const columns = ['name', 'version', 'generation', 'state', 'shown', 'moving', 'position', 'behind', 'parked'];
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
      one.parkedStreams,
    ].map(String),
  );
  const widths = columns.map((column, at) => Math.max(column.length, ...rows.map((row) => row[at]?.length ?? 0)));
  return [columns, ...rows]
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
