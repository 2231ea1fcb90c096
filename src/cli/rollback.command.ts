import { beginReturn } from '../rebuild/targets.js';
import { modelsOf, named, UsageError, type Command } from './command.js';
import { replaceAndPrint } from './rebuild.command.js';

export const rollbackCommand: Command = {
  help: `The generation that a rebuild of the same version replaced is kept for three days. It is brought to the end of the log with
the code of this build, and the views move back to it. The generation that was shown is kept in its place. To return to an
earlier version, run the earlier build: its tables are kept for the same time.
`,
  takesNames: true,
  options: {},
  check({ names }) {
    if (names.length !== 1) throw new UsageError('rollback takes the name of one projection: rollback invoices.');
  },
  run: async ({ names }, context) => {
    const [projection] = named(modelsOf(context.parts), names);
    if (projection === undefined) throw new Error('A name was checked.');
    const targets = await beginReturn(context.parts, projection);
    if (targets === null) {
      context.print(
        `No earlier generation of ${projection.name}, version ${projection.version}, is kept. "rebuild ${projection.name}" makes a new one.`,
      );
      return 1;
    }
    const target = targets.find(({ generation }) => generation.projection === projection);
    return replaceAndPrint(targets, {
      context,
      acceptsParked: true,
      shown: `The views show generation ${target?.generation.generation} of ${projection.name} again.`,
    });
  },
};
