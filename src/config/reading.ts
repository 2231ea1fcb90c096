import { readFileSync, statSync } from 'node:fs';
import type { z } from 'zod';
import { isOutboxSecret } from '../access-changes/outbox-config.js';
import type { Environment } from './environment.js';
import { Mistake } from './fields.js';

/** Variables with secrets: messages never repeat their values, and each can be read from a file. */
export const SECRET_VARIABLES = [
  'EVENTSTORE_URL',
  'DATABASE_URL',
  'STRIPE_WEBHOOK_SECRETS',
  'API_TOKENS',
  'STRIPE_API_KEYS',
];
const isSecretVariable = (name: string): boolean => SECRET_VARIABLES.includes(name) || isOutboxSecret(name);

/** The variable that names the file holding another variable's value. */
export const fileVariable = (name: string): string => `${name}_FILE`;

/**
 * A value as quoted in a message; empty for anything that may be a secret, including one put into the wrong variable.
 */
const givenText = (name: string, value: string | undefined): string =>
  value === undefined || SECRET_VARIABLES.includes(name) || !/^[\w.,: +-]{1,15}$/.test(value) ? '' : `, not "${value}"`;

/** Parses each variable separately, so that one mistake does not hide others; invalid variables have no value. */
export function read<T extends z.ZodRawShape>(
  schema: z.ZodObject<T>,
  env: Environment,
): { values: z.output<z.ZodObject<T>>; mistakes: string[] } {
  const mistakes: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(schema.shape)) {
    const given = givenIn(env, name);
    if (given instanceof Mistake) {
      mistakes.push(given.text);
      continue;
    }
    const parsed = (variable as unknown as z.ZodType).safeParse(given);
    if (parsed.success) values[name] = parsed.data;
    else
      for (const message of new Set(parsed.error.issues.map((issue) => issue.message)))
        mistakes.push(`${name}: ${message.replace(/\.$/, '')}${givenText(name, given)}.`);
  }
  return { values: values as z.output<z.ZodObject<T>>, mistakes };
}

const SECRET_FILE_BYTES_MAX = 64 * 1024;

/** Messages do not repeat the path: it may be the secret itself, put into the wrong variable. */
const NAME_A_FILE = 'Set it to the path of a file that this user account may read.';

/**
 * The value of a variable, or the content of the file that its `_FILE` variant names; undefined where neither is set.
 */
export function givenIn(env: Environment, name: string): string | undefined | Mistake {
  const inFile = fileVariable(name);
  const value = env[name] === '' ? undefined : env[name];
  const file = isSecretVariable(name) ? env[inFile] : undefined;
  if (file === undefined || file === '') return value;
  if (value !== undefined) return new Mistake(`${inFile}: ${name} is also set. Unset one of them.`);
  try {
    const stats = statSync(file);
    if (!stats.isFile()) return new Mistake(`${inFile}: is not a file. ${NAME_A_FILE}`);
    if (stats.size > SECRET_FILE_BYTES_MAX) return new Mistake(`${inFile}: the file is larger than 64 kB.`);
    const text = readFileSync(file, 'utf8').trim();
    return text === '' ? new Mistake(`${inFile}: the file is empty.`) : text;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return new Mistake(`${inFile}: the file cannot be read (${code ?? 'unknown error'}). ${NAME_A_FILE}`);
  }
}

/** The environment, with each secret variable marked as set if its `_FILE` variant is. */
export const withFiles = (env: Environment): Environment => ({
  ...env,
  ...Object.fromEntries(
    SECRET_VARIABLES.filter((name) => (env[fileVariable(name)] ?? '') !== '').map((name) => [name, 'in a file']),
  ),
});
