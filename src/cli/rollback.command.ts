import { beginRollback } from '../read-models/generations.js';
import { named, UsageError, type Command } from './command.js';
import { replace } from './rebuild.command.js';

export const rollbackCommand: Command = {
  name: 'rollback',
  usage: '<projection>',
  summary: 'shows again the rows that were shown before the last rebuild, brought up to date',
  help: `The generation that a rebuild of the same version replaced is kept for three days. It is brought to the end of the log with the
code of this build, and the views move back to it; the one that was shown is kept in its place. To go back to an earlier
version, run the earlier build: its tables are kept as long.
`,
  options: {},
  run: async ({ names }, context) => {
    const [projection, ...others] = named(context.parts.projections, names);
    if (names.length !== 1 || projection === undefined || others.length > 0)
      throw new UsageError('rollback wants the name of one projection.');
    const target = await beginRollback(context.parts.database, projection);
    if (target === null) {
      context.print(
        `No earlier generation of ${projection.name}, version ${projection.version}, is kept. "rebuild ${projection.name}" builds one.`,
      );
      return 1;
    }
    return replace([target], { context, evenParked: true });
  },
};
