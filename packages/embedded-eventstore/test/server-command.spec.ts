/** Tests the built command `embedded-eventstore` in its own process, through the official client. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { serverOptions } from '../src/server-options.js';
import { runCommand, runProgram, type Command } from '../../../test/support/command.js';
import { certificateFile, keyFile } from '../../../test/support/tls.js';

let directory: string;
let commands: Command[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'eventstore-command-'));
  commands = [];
});

afterEach(async () => {
  for (const command of commands) command.kill('SIGKILL');
  await Promise.all(commands.map(({ ended }) => ended));
  rmSync(directory, { recursive: true, force: true });
});

const CLI = 'packages/embedded-eventstore/src/cli.js';

function known(command: Command): Command {
  commands.push(command);
  return command;
}

const run = (args: readonly string[], environment?: NodeJS.ProcessEnv): Command =>
  known(runCommand(CLI, args, environment));

async function started(command: Command) {
  return { command, url: (await command.line()) ?? (await command.ended).errors };
}

const start = (args: readonly string[], environment?: NodeJS.ProcessEnv) =>
  started(run(['--port', '0', ...args], environment));

/** Starts the command with file sizes limited to `kib`, like a full disk. */
const startWithin = (kib: number, args: readonly string[]) =>
  started(
    known(
      runProgram('sh', [
        '-c',
        `ulimit -f ${kib * 2} && exec "$0" "$@"`,
        process.execPath,
        resolve('dist', CLI),
        '--port',
        '0',
        ...args,
      ]),
    ),
  );

/** Appends one event to a stream, and returns the number of its events. */
async function appendAndCount(url: string): Promise<number> {
  const client = EventStoreDBClient.connectionString(url);
  try {
    await client.appendToStream('counted', jsonEvent({ type: 'counted', data: {} }));
    let count = 0;
    for await (const _ of client.readStream('counted')) count += 1;
    return count;
  } finally {
    await client.dispose();
  }
}

describe('embedded-eventstore', () => {
  it('serves at the connection string that it prints, and stops cleanly at SIGTERM and SIGINT, with all data in its directory', async () => {
    for (const [count, signal] of [
      [1, 'SIGTERM'],
      [2, 'SIGINT'],
    ] as const) {
      const { command, url } = await start(['--data-dir', join(directory, 'made', 'for', 'it')]);
      expect(await appendAndCount(url)).toBe(count);
      command.kill(signal);
      expect(await command.ended).toEqual({ code: 0, errors: expect.stringMatching(/files are in .*made/) });
      expect(await command.line()).toBeUndefined();
    }
  });

  it('with a certificate and a user prints a connection string that lacks only the credentials', async () => {
    const tls = ['--tls-cert', certificateFile, '--tls-key', keyFile];
    const { url } = await start(['--memory', ...tls, '--user', 'ledger'], { EVENTSTORE_PASSWORD: 'secret' });
    expect(await appendAndCount(url.replace('://', '://ledger:secret@'))).toBe(1);
    await expect(appendAndCount(url)).rejects.toMatchObject({ type: 'access-denied' });
  });

  it('reports a port or directory in use, or an invalid certificate, and exits with code 1', async () => {
    const { url } = await start(['--data-dir', directory]);
    const attempts = [
      ['--memory', '--port', new URL(url.replace('esdb:', 'http:')).port],
      ['--data-dir', directory, '--port', '0'],
      ['--memory', '--port', '0', '--tls-cert', keyFile, '--tls-key', keyFile],
    ];
    expect(await Promise.all(attempts.map((args) => run(args).ended))).toEqual([
      { code: 1, errors: expect.stringMatching(/cannot listen on .*choose another port/) },
      { code: 1, errors: expect.stringMatching(/in use by another process/) },
      { code: 1, errors: expect.stringMatching(/cannot use its certificate/) },
    ]);
  });

  it('exits with code 1 and a message when the disk is full, and has all acknowledged events after a restart with more space', async () => {
    const { command, url } = await startWithin(2048, ['--data-dir', directory]);
    const client = EventStoreDBClient.connectionString(url);
    const acknowledged: string[] = [];
    const failure = await (async () => {
      for (;;) {
        const event = jsonEvent({ type: 'large', data: { text: 'x'.repeat(50_000) } });
        await client.appendToStream('filled', event);
        acknowledged.push(event.id);
      }
    })().catch((error: Error) => error.message);
    await client.dispose();
    expect(failure).toMatch(/event store stops because an append failed/);
    expect(await command.ended).toEqual({
      code: 1,
      errors: expect.stringMatching(
        /event store stops because an append failed .*Check the free space and health of the disk, then start again/,
      ),
    });

    expect(await run(['--check', '--data-dir', directory]).ended).toEqual({ code: 0, errors: '' });
    const again = await start(['--data-dir', directory]);
    const reader = EventStoreDBClient.connectionString(again.url);
    const found: string[] = [];
    for await (const { event } of reader.readStream('filled')) if (event) found.push(event.id);
    await reader.dispose();
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(found.slice(0, acknowledged.length)).toEqual(acknowledged);
    expect(await appendAndCount(again.url)).toBe(1);
  });

  it('exits with code 1 and a message when there is no space to start', async () => {
    const { command } = await startWithin(4, ['--data-dir', directory]);
    expect(await command.ended).toEqual({
      code: 1,
      errors: expect.stringMatching(/cannot be opened .*that the disk has free space/),
    });
  });

  it('reports invalid options and exits with code 2', async () => {
    expect(await run(['--prot', '1']).ended).toEqual({
      code: 2,
      errors: expect.stringMatching(/--prot[^]*--help lists the options/),
    });
  });
});

describe('Its options', () => {
  const secured = ['--tls-cert', certificateFile, '--tls-key', keyFile];

  it('default to loopback, the usual port and a folder of the data directory', () => {
    expect(serverOptions([], {})?.options).toMatchObject({
      host: '127.0.0.1',
      port: 2113,
      directory: expect.stringMatching(/data.eventstore$/),
      tls: undefined,
      users: undefined,
    });
  });

  it('read users from a file, and the password of --user from the environment', () => {
    const file = join(directory, 'users');
    writeFileSync(file, 'reader:one\nwriter:two:three\r\n');
    const read = serverOptions([...secured, '--users-file', file, '--user', 'admin'], { EVENTSTORE_PASSWORD: 'four' });
    expect(read?.options.users).toEqual({ reader: 'one', writer: 'two:three', admin: 'four' });
  });

  it('include the address for clients that discover the cluster', () => {
    expect(serverOptions(['--advertise', 'events.example:12113'], {})?.options.advertise).toEqual({
      host: 'events.example',
      port: 12_113,
    });
  });

  it('include the append limit, by default that of the real server', () => {
    expect(serverOptions([], {})?.options.appendBytesMax).toBe(1024 * 1024);
    expect(serverOptions(['--max-append-size', '2000000'], {})?.options.appendBytesMax).toBe(2_000_000);
  });

  it.each<[string, string[], RegExp]>([
    ['both memory and a directory', ['--memory', '--data-dir', 'x'], /either --memory or --data-dir/],
    ['an invalid port', ['--port', '70000'], /--port must be a whole number/],
    [
      'an append limit above what clients can read',
      ['--max-append-size', '17000000'],
      /--max-append-size must be .* to 16767216/,
    ],
    [
      'an advertised address without a port',
      ['--advertise', 'events.example'],
      /--advertise must be a host and a port/,
    ],
    ['a key without a certificate', ['--tls-key', 'key.pem'], /go together/],
    ['a missing file', ['--tls-cert', 'missing.pem', '--tls-key', keyFile], /--tls-cert cannot be read .*missing\.pem/],
    ['a user without a password', [...secured, '--user', 'admin'], /EVENTSTORE_PASSWORD/],
    ['a users file in another format', [...secured, '--users-file', keyFile], /one "name:password" on each line/],
    ['a word without an option', ['positional'], /positional/],
  ])('refuse %s, and say why', (_what, args, message) => {
    expect(() => serverOptions(args, {})).toThrow(message);
  });
});
