import type { Stats } from 'node:fs';
import { chown, lchown, lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerUser } from './server-user.js';

/** Returns the result of `action`, or undefined when its file does not exist. */
async function ifThere<T>(action: Promise<T>): Promise<T | undefined> {
  try {
    return await action;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export const statIfThere = (path: string): Promise<Stats | undefined> => ifThere(lstat(path));
export const readIfThere = (path: string): Promise<string | undefined> => ifThere(readFile(path, 'utf8'));

/** Makes `user` the owner of `directory` and everything in it. */
export async function giveTree(directory: string, { uid, gid }: ServerUser): Promise<void> {
  await chown(directory, uid, gid);
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    await lchown(join(entry.parentPath, entry.name), uid, gid);
  }
}
