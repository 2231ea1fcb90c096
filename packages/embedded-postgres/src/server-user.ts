/**
 * Postgres refuses to run as root. This module chooses its account then, and checks which folders the account can
 * enter.
 */
import { lstat, readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { statIfThere } from './files.js';

/** The account that Postgres runs as. */
export type ServerUser = Readonly<{ name: string; uid: number; gid: number }>;

/**
 * Accounts that may run Postgres, best first. `news` exists on every Linux, runs nothing and cannot log in; `nobody` is
 * shared by many programs, each of which could connect.
 */
const CANDIDATES = ['postgres', 'news', 'nobody'];

/**
 * Returns the account for the database in `dataDirectory`: the candidate that already owns it, else the first existing
 * one. Undefined when this process is not root: Postgres then runs under the same account. `owners` are those of the
 * files.
 */
export async function serverUser(
  dataDirectory: string,
): Promise<{ user: ServerUser | undefined; owners: number[] | undefined }> {
  if (process.getuid?.() !== 0) return { user: undefined, owners: undefined };
  const accounts = parseAccounts(await readFile('/etc/passwd', 'utf8'));
  const known = CANDIDATES.flatMap((wanted) => accounts.filter(({ name, uid }) => name === wanted && uid !== 0));
  const candidates = known.length > 0 ? known : [{ name: 'nobody', uid: 65_534, gid: 65_534 }];
  const owner = await statIfThere(dataDirectory);
  const user = candidates.find(({ uid }) => uid === owner?.uid) ?? candidates[0];
  return { user, owners: [0, ...candidates.map(({ uid }) => uid)] };
}

function parseAccounts(passwd: string): ServerUser[] {
  return passwd.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

/**
 * Returns the first folder (or file) on the path to `path`, itself included, that `user` may not enter; undefined when
 * there is none. Checks mode bits only, not access control lists.
 */
export async function closedFolder(path: string, user: ServerUser): Promise<string | undefined> {
  for (const step of stepsTo(await realpath(path))) {
    const { mode, uid, gid } = await lstat(step);
    const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0;
    const mayPass = ((mode >> shift) & 1) === 1;
    if (!mayPass) return step;
  }
  return undefined;
}

function stepsTo(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...stepsTo(parent), path];
}
