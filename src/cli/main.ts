#!/usr/bin/env node
/** `npx subscription-ledger`: work on the read models, beside a running service or without one. */
import { parseArgs } from 'node:util';
import { projections } from '../../projections/index.js';
import { ConfigError, loadStoresConfig } from '../config.js';
import { openStores } from '../data-directory/index.js';
import { connectEventStore } from '../eventstore/event-store.js';
import { scavengeAlone } from '../few-cores.js';
import { Database } from '../read-models/database.js';
import { ensureSchema } from '../read-models/schema.js';
import { UsageError, type Command, type Context, type Given } from './command.js';
import { parkedCommand } from './parked.command.js';
import { projectionsCommand } from './projections.command.js';
import { rebuildCommand } from './rebuild.command.js';
import { rollbackCommand } from './rollback.command.js';
import { verifyCommand } from './verify.command.js';

const COMMANDS: readonly Command[] = [
  projectionsCommand,
  rebuildCommand,
  rollbackCommand,
  verifyCommand,
  parkedCommand,
];
const CONNECTIONS_MAX = 4;
const USAGE_EXIT = 2;
const INTERRUPTED_EXIT = 130;

const HELP = `Works on the read models of the subscription ledger, while services run or not.

  subscription-ledger <command> [options]        in a checkout: npm run ledger -- <command> [options]

${COMMANDS.map(({ name, usage, summary }) => `  ${`${name} ${usage}`.padEnd(30)} ${summary}`).join('\n')}

  <command> --help tells its options. Every command takes:
  --data-dir <folder>            the service's DATA_DIR                       ($DATA_DIR or data)

The stores are those of the service on the data directory, or EVENTSTORE_URL and DATABASE_URL; when nothing runs there,
the embedded servers are started for as long as the command takes.
Exit code 0: done. 1: something is not as it should be; it is printed. 2: the command could not be understood, or could not run.
`;

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP);
    return name === undefined ? USAGE_EXIT : 0;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined)
    throw new UsageError(
      `There is no command "${name}". There are: ${COMMANDS.map((one) => one.name).join(', ')}; --help tells more.`,
    );
  const given = readArguments(command, rest);
  if (given.values['help'] === true) {
    process.stdout.write(
      `${command.summary}\n\n  subscription-ledger ${command.name} ${command.usage}\n\n${command.help}`,
    );
    return 0;
  }
  return withParts(given, (context) => command.run(given, context));
}

function readArguments({ name, options }: Command, args: readonly string[]): Given {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...options, 'data-dir': { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    return { names: positionals, values: values };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}. "subscription-ledger ${name} --help" tells what it takes.`);
  }
}

/** Connects to the stores, and ends in order, also when interrupted; a second interrupt ends at once. */
async function withParts(given: Given, work: (context: Context) => Promise<number>): Promise<number> {
  const dataDirectory = given.values['data-dir'];
  const config = loadStoresConfig({
    ...process.env,
    ...(typeof dataDirectory === 'string' ? { DATA_DIR: dataDirectory } : {}),
  });
  const tell = (text: string) => void process.stderr.write(`${text}\n`);
  const interrupting = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupting.signal.aborted) process.exit(INTERRUPTED_EXIT);
      interrupting.abort();
    });
  }
  const stores = await openStores(config);
  const store = connectEventStore(stores.eventstoreUrl);
  const database = new Database(stores.databaseUrl, {
    connectionsMax: CONNECTIONS_MAX,
    onIdleError: (error) => tell(`Postgres closed a connection: ${error.message}`),
  });
  try {
    await ensureSchema(database, projections);
    const print = (text: string) => void process.stdout.write(`${text}\n`);
    const printed = () => writtenTo(process.stdout);
    const exit = await work({
      parts: { store, database, projections },
      signal: interrupting.signal,
      tell,
      print,
      printed,
    });
    return interrupting.signal.aborted ? INTERRUPTED_EXIT : exit;
  } finally {
    await Promise.all([store.close(), database.close()]);
    await stores.close();
  }
}

/** Resolves when all that an output was given is written, or nobody reads it any more. */
const writtenTo = (output: NodeJS.WriteStream): Promise<void> =>
  new Promise((written) => output.write('', () => written()));

function explain(error: unknown): string {
  if (error instanceof UsageError) return error.message;
  if (error instanceof ConfigError) return `The configuration is wrong:\n${error.message}`;
  const message = error instanceof Error ? error.message || String((error as { code?: unknown }).code) : String(error);
  return `The command failed: ${message}\nWhat was built so far is kept; the same command goes on from there. Check that EVENTSTORE_URL and DATABASE_URL, or DATA_DIR, are those of the service.`;
}

// A reader may go before the end, as `head` does; nobody wants the rest then.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
scavengeAlone();
process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  return USAGE_EXIT;
});
// A pipe takes only some of a long output at once, and the rest is lost by an exit.
await Promise.all([process.stdout, process.stderr].map(writtenTo));
// The client of the event store may keep the event loop alive after it was closed.
process.exit();
