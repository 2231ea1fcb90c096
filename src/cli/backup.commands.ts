import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { backUp, type BackupSource } from '../../packages/embedded-eventstore/src/backup.js';
import { checkFile } from '../../packages/embedded-eventstore/src/check.js';
import { FILE_NAME } from '../../packages/embedded-eventstore/src/database.js';
import { privateFile, privateFolder } from '../../packages/private-files/src/index.js';
import { loadStoresConfig } from '../config/config.js';
import { openLedger } from '../data-directory/index.js';
import { prepareDirectory } from '../data-directory/directory.js';
import { takeLock } from '../data-directory/lock.js';
import { connectionOf } from '../eventstore/connection-string.js';
import { currentUrl } from '../server-address.js';
import { textOption, UsageError, type Command, type Given, type Terminal } from './command.js';
import { environmentOf } from './on-stores.js';

const SHOW_EVERY_MS = 2_000;
const count = (value: number): string => value.toLocaleString('en');
const checksumFile = (file: string): string => `${file}.sha256`;

export const backupCommand: Command<Terminal> = {
  help: `Copies the log of the embedded event store into a file. The service may run meanwhile. Run it again on the same file to add
new events or to resume an interrupted backup. It then verifies the checksum of every record in the file and writes the
checksum of the file beside it (FILE.sha256, for "sha256sum -c" and for restore). Read models need no backup: they are
rebuilt from the log. Keep secrets and tokens elsewhere. Exits with 1 and lists the damaged records when it finds any.

  --to <file>         the backup file; created if it does not exist
  --json              print the result as a line of JSON
`,
  options: { to: { type: 'string' }, json: { type: 'boolean' } },
  check: (given) => void fileIn(given, 'to'),
  async run(given, { print, report }) {
    const file = fileIn(given, 'to');
    const stores = await openLedger(embeddedConfig(given));
    let taken;
    try {
      const source = sourceOf(currentUrl(stores.eventstoreUrl, 'eventstore'));
      taken = await backUp(source, file, progress('events copied', report));
    } finally {
      await stores.close();
    }
    if (check(file, { print, report }).damages > 0) return 1;
    const sha256 = await sha256Of(file);
    writeFileSync(checksumFile(file), `${sha256}  ${basename(file)}\n`, { mode: 0o600 });
    const result = { file, ...taken, bytes: statSync(file).size, sha256 };
    if (given.values['json'] === true) print(JSON.stringify(result));
    else
      print(
        `${file} has ${count(taken.events)} events, ${count(taken.added)} of them new, and ${count(result.bytes)} bytes. ` +
          `Every record was verified.\nsha256 ${sha256}`,
      );
    return 0;
  },
};

export const restoreCommand: Command<Terminal> = {
  help: `Creates the log of a data directory from a backup. The directory must have no log, and no service may run on it. The backup
is verified first and is not changed. If it is damaged, nothing is created and the command exits with 1.

  --from <file>       the file that "backup" wrote; its checksum is read from <file>.sha256
`,
  options: { from: { type: 'string' } },
  check: (given) => void fileIn(given, 'from'),
  async run(given, terminal) {
    const file = fileIn(given, 'from');
    const config = embeddedConfig(given);
    if (!existsSync(file)) throw new UsageError(`There is no file "${file}".`);
    const { dataDirectory } = config;
    prepareDirectory(dataDirectory);
    const lock = takeLock(dataDirectory);
    if (lock === undefined)
      throw new UsageError(`A service is running on "${dataDirectory}". Stop it, or restore into another folder.`);
    try {
      const directory = join(dataDirectory, 'eventstore');
      const target = join(directory, FILE_NAME);
      if (existsSync(target))
        throw new UsageError(
          `"${directory}" already has a log. Restore into another folder, or stop the service and move this folder away.`,
        );
      if (!(await isAsWritten(file, terminal))) return 1;
      const found = check(file, terminal);
      if (found.damages > 0) return 1;
      privateFolder(directory, { ownNames: /^events\.db/ });
      await place(file, target);
      terminal.print(restoredText(found.events, config));
      return 0;
    } finally {
      lock.release();
    }
  },
};

/** @throws UsageError when none is named */
function fileIn(given: Given, option: 'to' | 'from'): string {
  const file = textOption(given, option);
  if (file === undefined || file === '') throw new UsageError(`Name a file: --${option} /backups/ledger.db`);
  return file;
}

/** @throws UsageError when the store is not embedded */
function embeddedConfig(given: Given) {
  const config = loadStoresConfig(environmentOf(given));
  if (config.eventstoreUrl === 'embedded') return config;
  throw new UsageError(
    'This command works on the embedded event store, but EVENTSTORE_URL names another. docs/operations.md shows how to back up ' +
      'EventStoreDB; "eventstore copy" copies one store into another.',
  );
}

const restoredText = (events: number, { dataDirectory }: { dataDirectory: string }): string =>
  `Restored the log into "${dataDirectory}": ${count(events)} events.` +
  (existsSync(join(dataDirectory, 'postgres'))
    ? `\nThe read models in "${join(dataDirectory, 'postgres')}" belong to another log. Move that folder away before you start the service.`
    : '') +
  '\nStart the service; it builds the read models from the log. Then fetch the events that the backup lacks: docs/operations.md.';

/** Copies under a temporary name until all of it is on disk, so that an interrupted copy never passes for a log. */
async function place(file: string, target: string): Promise<void> {
  const aside = `${target}.restoring`;
  privateFile(aside);
  await copyFile(file, aside);
  const handle = openSync(aside, 'r+');
  fsyncSync(handle);
  closeSync(handle);
  renameSync(aside, target);
}

/** Whether a file matches its checksum. Without a checksum file, the checksums of the records must suffice. */
async function isAsWritten(file: string, { print, report }: Terminal): Promise<boolean> {
  if (!existsSync(checksumFile(file))) {
    report(`There is no "${checksumFile(file)}"; only the checksums of the records are verified.`);
    return true;
  }
  const [wanted = ''] = (await readFile(checksumFile(file), 'utf8')).split(/\s/);
  if ((await sha256Of(file)) === wanted) return true;
  print(
    `"${file}" does not match "${checksumFile(file)}": it was changed or copied only in part. Nothing was restored.`,
  );
  return false;
}

/** Prints each damage; returns the counts. */
function check(
  file: string,
  { print, report }: Pick<Terminal, 'print' | 'report'>,
): { damages: number; events: number } {
  const steps = checkFile(file);
  const show = progress('events checked', report);
  let damages = 0;
  for (;;) {
    const { done, value } = steps.next();
    if (done) return { damages, events: value.events };
    if (value.kind === 'progress') show(value.events);
    else {
      damages += 1;
      print(value.damage);
    }
  }
}

/** Prints a progress line every 2 s. */
function progress(what: string, report: Terminal['report']): (done: number) => void {
  let shown = performance.now();
  return (done) => {
    if (performance.now() - shown < SHOW_EVERY_MS) return;
    shown = performance.now();
    report(`${count(done)} ${what}`);
  };
}

/** The address and credentials of an embedded store, from its connection string. */
function sourceOf(url: string): BackupSource {
  const { settings, tls, user } = connectionOf(url);
  const { endpoint } = settings as { endpoint: string | { address: string; port: number } };
  return {
    target: typeof endpoint === 'string' ? endpoint : `${endpoint.address}:${endpoint.port}`,
    rootCertificate: tls.insecure ? undefined : tls.rootCertificate,
    user,
  };
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
