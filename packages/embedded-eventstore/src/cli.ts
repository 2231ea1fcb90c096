#!/usr/bin/env node
/** `embedded-eventstore`, or `npm run eventstore`: runs the server in the foreground. SERVER_HELP lists the options. */
import { isIP } from 'node:net';
import { checkStore } from './check.js';
import { startEmbeddedEventStore, type EmbeddedEventStoreOptions } from './index.js';
import { SERVER_HELP, serverOptions, UsageError } from './server-options.js';
import { AFTER_DAMAGE } from './storage-errors.js';

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Resolves at the first signal, for a clean stop. A second signal ends the process at once, as usual. */
function stopAskedFor(): Promise<'asked'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve('asked'));
  });
}

/** Wildcard addresses: one can listen on them, but not connect to them. */
const UNSPECIFIED = ['0.0.0.0', '::'];

function describe({ directory, host = '127.0.0.1', advertise, users }: EmbeddedEventStoreOptions): void {
  say(
    directory === 'memory'
      ? 'Everything is kept in memory only and lost when the process ends.'
      : `The files are in ${directory}.`,
  );
  if (users) say('Clients put user:password@ before the host.');
  if (advertise) say(`Clients that discover (esdb+discover://) are sent to ${advertise.host}:${advertise.port}.`);
  else if (UNSPECIFIED.includes(host))
    say(
      `Clients that discover (esdb+discover://) are sent to ${host}, where they cannot connect. Name an address with --advertise.`,
    );
  const isLoopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  if (!isLoopback && !users)
    say(`No users are configured: anyone who can reach ${host} may read and write everything.`);
}

const PROGRESS_EVERY_MS = 1_000;

/** Prints damage to standard output and progress to standard error. Returns exit code 1 when there is damage. */
function check(directory: string): number {
  const steps = checkStore(directory);
  let faults = 0;
  let saidMs = performance.now();
  for (;;) {
    const { done, value } = steps.next();
    if (done) {
      const read = `${count(value.events)} events in ${count(value.streams)} streams`;
      process.stdout.write(
        faults === 0 ? `No damage: ${read}.\n` : `Faults: ${count(faults)}, in ${read}. ${AFTER_DAMAGE}\n`,
      );
      return faults === 0 ? 0 : 1;
    }
    if (value.kind === 'damage') {
      faults += 1;
      process.stdout.write(`${value.damage}\n`);
    } else if (performance.now() - saidMs > PROGRESS_EVERY_MS) {
      saidMs = performance.now();
      say(`${count(value.events)} events checked, ${Math.floor(value.share * 100)} %.`);
    }
  }
}

const count = (value: number): string => value.toLocaleString('en');

/** Runs the command line: a check, or the server until a signal (exit code 0) or until it fails. */
async function run(args: readonly string[]): Promise<number> {
  const read = serverOptions(args, process.env);
  if (!read) {
    process.stdout.write(SERVER_HELP);
    return 0;
  }
  if (read.check) return check(read.options.directory);
  const stopping = stopAskedFor();
  const server = await startEmbeddedEventStore(read.options);
  process.stdout.write(`${server.url}${read.urlSuffix}\n`);
  describe(read.options);
  const end = await Promise.race([stopping, server.failed]);
  await server.stop();
  if (end === 'asked') return 0;
  say(end.message);
  return 1;
}

process.exitCode = await run(process.argv.slice(2)).catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  return error instanceof UsageError ? 2 : 1;
});
