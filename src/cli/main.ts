#!/usr/bin/env node
/** `subscription-ledger`: the service, its tools, and work on the read models with or without a running service. */
import { parseArgs } from 'node:util';
import { UsageError, type Command, type Given } from './command.js';
import { COMMANDS, GROUPS, type CommandEntry } from './commands.js';
import { boundHeaps } from '../heaps.js';

const USAGE_EXIT = 2;

const NAME_WIDTH = 30;

/** A line in the list of commands; a name too long for its column gets a line of its own. */
function listed({ name, usage, summary }: CommandEntry): string {
  const call = `${name} ${usage}`.trimEnd();
  const gap = call.length < NAME_WIDTH ? call.padEnd(NAME_WIDTH) : `${call}\n${' '.repeat(NAME_WIDTH + 2)}`;
  return `  ${gap} ${summary}`;
}

const groupsOf = (commands: readonly CommandEntry[]): string =>
  Object.entries(GROUPS)
    .map(([group, about]) =>
      [`${about}\n`, ...commands.filter((one) => one.group === group).map(listed), ''].join('\n'),
    )
    .join('\n');

const HELP = `Subscription ledger: turns Stripe webhooks into subscription records you can trust.

  subscription-ledger <command> [options]        in a checkout: npm run ledger -- <command> [options]

${groupsOf(COMMANDS)}
  help <command>, <command> --help   show the options of a command
  --version                          show the versions of the ledger, Node and the embedded servers

Exit codes: 0 done; 1 a problem was found and printed; 2 the command line is wrong or the command could not run.
`;

/** Runs a command line. The exit code is null where a separate program sets it. */
async function main(args: readonly string[]): Promise<number | null> {
  const [first] = args;
  if (first === undefined || first === '--help' || first === '-h' || (first === 'help' && args.length === 1)) {
    process.stdout.write(HELP);
    return first === undefined ? USAGE_EXIT : 0;
  }
  if (first === '--version' || first === '-v') {
    const { versions } = await import('./versions.js');
    process.stdout.write(await versions());
    return 0;
  }
  const words = first === 'help' ? args.slice(1) : args;
  const [entry] = COMMANDS.filter(({ name }) => name.split(' ').every((word, at) => words[at] === word)).sort(
    (a, b) => b.name.length - a.name.length,
  );
  if (entry === undefined) {
    const names = COMMANDS.map(({ name }) => name).join(', ');
    throw new UsageError(`Unknown command "${words[0]}". Commands: ${names}. See "subscription-ledger --help".`);
  }
  const rest = first === 'help' ? ['--help'] : words.slice(entry.name.split(' ').length);
  return entry.kind === 'program' || entry.kind === 'plain_program' ? runProgram(entry, rest) : runCommand(entry, rest);
}

type AnyCommandEntry = Exclude<CommandEntry, { kind: 'program' | 'plain_program' }>;

const titleOf = ({ name, usage, summary }: CommandEntry): string =>
  `${summary[0]?.toUpperCase()}${summary.slice(1)}.\n\n  subscription-ledger ${name} ${usage}`.trimEnd() + '\n\n';

async function runCommand(entry: AnyCommandEntry, args: readonly string[]): Promise<number> {
  switch (entry.kind) {
    case 'command': {
      const command = await entry.load();
      return checked(entry, command, args, async (given) => (await import('./on-stores.js')).onStores(command, given));
    }
    case 'service_command': {
      const [{ onService, SERVICE_HELP, SERVICE_OPTIONS }, { help, options, ...command }] = await Promise.all([
        import('./on-service.js'),
        entry.load(),
      ]);
      const whole = { ...command, help: help + SERVICE_HELP, options: { ...options, ...SERVICE_OPTIONS } };
      return checked(entry, whole, args, (given) => onService(whole, given));
    }
    case 'check': {
      const command = await entry.load();
      const { onTerminal } = await import('./terminal.js');
      return checked(entry, command, args, (given) => onTerminal((terminal) => command.run(given, terminal)));
    }
  }
}

/** Prints the help, or checks the command line and runs the command. */
async function checked(
  entry: CommandEntry,
  command: Pick<Command, 'help' | 'options' | 'takesNames' | 'check'>,
  args: readonly string[],
  run: (given: Given) => Promise<number>,
): Promise<number> {
  const given = argumentsOf(entry, command, args);
  if (given.values['help'] === true) {
    process.stdout.write(titleOf(entry) + command.help);
    return 0;
  }
  const [name] = given.names;
  if (name !== undefined && command.takesNames !== true)
    throw new UsageError(
      `"${entry.name}" takes no argument "${name}". See "subscription-ledger ${entry.name} --help".`,
    );
  command.check?.(given);
  return run(given);
}

function argumentsOf({ name }: CommandEntry, { options }: Pick<Command, 'options'>, args: readonly string[]): Given {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...options, 'data-dir': { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    return { names: positionals, values };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}. See "subscription-ledger ${name} --help".`);
  }
}

/** Runs a program that reads the process's arguments as if run directly. */
async function runProgram(
  entry: Extract<CommandEntry, { kind: 'program' | 'plain_program' }>,
  args: readonly string[],
): Promise<number | null> {
  if (entry.kind === 'plain_program' && args.length > 0) {
    if (args[0] !== '--help' && args[0] !== '-h')
      throw new UsageError(`"${entry.name}" takes no options. See "subscription-ledger ${entry.name} --help".`);
    process.stdout.write(titleOf(entry) + entry.help);
    return 0;
  }
  process.argv.splice(2, Infinity, ...args);
  await entry.load().catch((error: unknown) => {
    const isUnbuilt = entry.name === 'storm' && (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
    throw isUnbuilt ? new UsageError('The storm is not built. In a checkout: npm run storm.') : error;
  });
  return null;
}

/**
 * Explains an error. A known failure has a code and a message that says what to do; any other is a bug, with its stack.
 */
function explain(error: unknown): string {
  if (error instanceof UsageError) return error.message;
  if (!(error instanceof Error)) return `The command failed: ${String(error)}`;
  const { code } = error as { code?: unknown };
  if (code === 'CONFIG_INVALID') return `The configuration is wrong:\n${error.message}`;
  return `The command failed: ${typeof code === 'string' && !code.startsWith('ERR_') ? error.message || code : (error.stack ?? error.message)}`;
}

/** Resolves when all output is written, or its reader has closed. */
const writtenTo = (output: NodeJS.WriteStream): Promise<void> =>
  new Promise((written) => output.write('', () => written()));

// A reader may close early, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
boundHeaps();
const exit = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  return USAGE_EXIT;
});
if (exit !== null) {
  process.exitCode = exit;
  // A pipe accepts only part of a long output at once; exiting now would lose the remainder.
  await Promise.all([process.stdout, process.stderr].map(writtenTo));
  // The client of the event store may keep the event loop alive after it was closed.
  process.exit();
}
