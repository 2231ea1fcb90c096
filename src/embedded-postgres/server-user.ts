/** Postgres refuses to run as root. Under root this module says which account it runs as, and where that account can go. */
import { lstat, readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { statIfThere } from './files.js';

/** The account that Postgres runs as. */
export type ServerUser = Readonly<{ name: string; uid: number; gid: number }>;

/**
 * The account for the database in `dataDirectory`: the one that owns it already, else `postgres`, else `nobody`.
 * Undefined when this process is not root: Postgres then simply runs as we do.
 */
export async function serverUser(dataDirectory: string): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = parseAccounts(await readFile('/etc/passwd', 'utf8'));
  const owner = await statIfThere(dataDirectory);
  if (owner && owner.uid !== 0) {
    const name = accounts.find(({ uid }) => uid === owner.uid)?.name ?? `#${owner.uid}`;
    return { name, uid: owner.uid, gid: owner.gid };
  }
  const named = (wanted: string) => accounts.find(({ name, uid }) => name === wanted && uid !== 0);
  return named('postgres') ?? named('nobody') ?? { name: 'nobody', uid: 65_534, gid: 65_534 };
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
