/** Postgres refuses to run as root. Under root this module says which account it runs as, and where that account can go. */
import { lstat, readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { statIfThere } from './files.js';

/** The account that Postgres runs as. */
export type ServerUser = Readonly<{ name: string; uid: number; gid: number }>;

/**
 * Accounts that may run Postgres, the best first. `news` comes with every Linux, runs nothing and cannot log in;
 * `nobody` is what many programs become, and each of them could enter.
 */
const CANDIDATES = ['postgres', 'news', 'nobody'];

/**
 * The account for the database in `dataDirectory`: the candidate that owns it already, else the first that there is.
 * Undefined when this process is not root: Postgres then simply runs as we do. `owners` are those of the files.
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
 * The first folder (or file) on the way to `path`, itself included, that `user` may not pass through; undefined when the
 * way is free. Judged by the mode bits: access control lists are not looked at.
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
