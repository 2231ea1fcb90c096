/** An unresponsive thread is terminated with its files open, and its process continues. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { expect, it } from '@jest/globals';

const WORKS = "parentPort.once('message', () => process.exit());";
const SPINS = 'for (;;);';
const MATCHES = "/^(a+)+$/.test('a'.repeat(60) + '!');";

it.each([
  ['that responds', WORKS],
  ['in an endless loop', SPINS],
  ['in an endless regular expression', MATCHES],
])('a thread %s ends, and its process ends without an error', async (_name, work) => {
  const directory = mkdtempSync(join(tmpdir(), 'thread-stop-'));
  const thread = join(directory, 'thread.cjs');
  writeFileSync(
    thread,
    `const { parentPort } = require('node:worker_threads');
    const Database = require(${JSON.stringify(resolve('node_modules/libsql'))});
    const database = new Database(${JSON.stringify(join(directory, 'events.db'))});
    database.exec('pragma journal_mode = wal; create table events (id integer); begin immediate; insert into events values (1)');
    const insert = database.prepare('insert into events values (?)');
    insert.run(2);
    parentPort.postMessage('works');
    ${work}`,
  );
  const program = `import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    import { stopThread } from ${JSON.stringify(pathToFileURL(resolve('dist/packages/embedded-eventstore/src/thread-stop.js')).href)};
    const worker = new Worker(${JSON.stringify(thread)});
    const ended = once(worker, 'exit');
    await once(worker, 'message');
    await stopThread(worker, ended, 500);
    console.log('stopped');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [said, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  rmSync(directory, { recursive: true, force: true });
  expect({ said, errors, code }).toEqual({ said: 'stopped\n', errors: '', code: 0 });
});
