/**
 * Files and folders that no other account on this machine can read, change or replace. On Windows Node sees neither
 * owners nor modes: nothing is checked there, and access is inherited from the folder.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, realpathSync, writeFileSync, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Others control or may read a file or folder. The message says how to fix it. */
export class NotPrivateError extends Error {
  override readonly name = 'NotPrivateError';
  readonly code = 'NOT_PRIVATE';
}

const OTHERS_WRITE = 0o022;
const OTHERS_ANYTHING = 0o077;
const STICKY = 0o1000;

/** This account; undefined on Windows. */
const ourUid = (): number | undefined => process.getuid?.();

/**
 * Creates the folder for this account only, or checks an existing one. Its mode is restricted only when it contains
 * nothing but `ownNames`: other files beside ours are not ours to lock away.
 * @throws NotPrivateError when it is a link, another account's, or open to writing by others.
 */
export function privateFolder(path: string, { ownNames, mode = 0o700 }: { ownNames: RegExp; mode?: number }): void {
  mkdirSync(dirname(resolve(path)), { recursive: true });
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const stats = assertOurs(path, 'folder');
  if (ourUid() === undefined || stats === undefined) return;
  // The owner's rights stay unchanged: a folder may be read-only on purpose.
  const restricted = (stats.mode & 0o700) | (mode & OTHERS_ANYTHING);
  if ((stats.mode & 0o777) === restricted) return;
  if (readdirSync(path).every((name) => ownNames.test(name))) chmodSync(path, restricted);
}

/**
 * Creates the file, empty and for this account only, before a library opens it; restricts the mode of an existing one.
 * It does not open an existing file, because closing it would release this process's locks on it (POSIX).
 * @throws NotPrivateError when it is a link, another account's, or open to writing by others.
 */
export function privateFile(path: string): void {
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    restrictFile(path);
  }
}

/** Checks the file, if it exists, and removes other accounts' access. @throws NotPrivateError as `privateFile` does */
export function restrictFile(path: string): void {
  const stats = assertOurs(path, 'file');
  if (ourUid() !== undefined && stats !== undefined && (stats.mode & OTHERS_ANYTHING) !== 0) chmodSync(path, 0o600);
}

/**
 * Checks `path`, if it exists: links, and files that others own or may write, cannot be trusted.
 * @throws NotPrivateError
 */
export function assertOurs(path: string, kind: 'file' | 'folder', owners?: readonly number[]): Stats | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  const uid = ourUid();
  if (stats === undefined || uid === undefined) return stats;
  if (stats.isSymbolicLink()) {
    throw new NotPrivateError(
      `"${path}" is a symbolic link, which could point anywhere. Remove it, or name its target instead.`,
    );
  }
  if (kind === 'folder' ? !stats.isDirectory() : !stats.isFile()) {
    throw new NotPrivateError(`"${path}" is not a ${kind}. Move it away, or name another folder.`);
  }
  if (!(owners ?? [uid]).includes(stats.uid)) {
    throw new NotPrivateError(
      `"${path}" belongs to the account with uid ${stats.uid}, which could read or replace its content. ` +
        `Run the ledger as that account, or name a folder of this account (uid ${uid}); ` +
        `or inspect the content and change the owner: chown -R ${uid} "${path}"`,
    );
  }
  if ((stats.mode & OTHERS_WRITE) !== 0) {
    throw new NotPrivateError(
      `"${path}" can be written by other accounts (mode ${octal(stats)}). ` +
        `Inspect the content, then run: chmod ${stats.isDirectory() ? '-R ' : ''}go-w "${path}"`,
    );
  }
  return stats;
}

/** @throws NotPrivateError when others may read a file with secrets, which may therefore be known already */
export function assertUnread(path: string): void {
  const stats = assertOurs(path, 'file');
  if (ourUid() === undefined || stats === undefined || (stats.mode & OTHERS_ANYTHING) === 0) return;
  throw new NotPrivateError(
    `"${path}" holds secrets, and other accounts may read it (mode ${octal(stats)}). Run: chmod 600 "${path}" ` +
      '(or, if others may have read it, remove it to get new secrets)',
  );
}

/** @throws NotPrivateError when any account could replace `path` with a folder of its own */
export function assertPlaceIsSafe(path: string): void {
  if (ourUid() === undefined) return;
  for (let folder = realpathSync(dirname(resolve(path))); ; folder = dirname(folder)) {
    const stats = lstatSync(folder);
    if ((stats.mode & 0o002) !== 0 && (stats.mode & STICKY) === 0) {
      throw new NotPrivateError(
        `Every account may write into "${folder}" (mode ${octal(stats)}) and could replace "${path}". ` +
          `Name a folder elsewhere, or run: chmod o-w "${folder}"`,
      );
    }
    if (dirname(folder) === folder) return;
  }
}

const octal = ({ mode }: Stats): string => (mode & 0o7777).toString(8).padStart(4, '0');
