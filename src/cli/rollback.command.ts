import { beginReturn } from '../rebuild/targets.js';
import { modelsOf, named, UsageError, type Command } from './command.js';
import { replaceAndPrint } from './rebuild.command.js';

export const rollbackCommand: Command = {
  help: `Switches the views back to the generation that the last rebuild of the same version replaced, which is kept for three days.
It first catches up with the log using the code of this build. The generation it replaces is kept in turn. To return to an
earlier version, run the earlier build: its tables are also kept for three days.
`,
  takesNames: true,
  options: {},
  check({ names }) {
    if (names.length !== 1) throw new UsageError('rollback needs the name of one projection: rollback invoices.');
  },
  run: async ({ names }, context) => {
    const [projection] = named(modelsOf(context.parts), names);
    if (projection === undefined) throw new Error('A name was checked.');
    const targets = await beginReturn(context.parts, projection);
    if (targets === null) {
      context.print(
        `No earlier generation of ${projection.name}, version ${projection.version}, is kept. "rebuild ${projection.name}" builds a new one.`,
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
