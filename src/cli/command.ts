import type { ParseArgsConfig } from 'node:util';
import type { AnyProjection } from '../../projections/projection.js';
import type { Parts } from '../rebuild/held.js';

/** Options and names of a command line, as they were given. */
export type Given = Readonly<{
  names: readonly string[];
  values: Readonly<Record<string, string | boolean | undefined>>;
}>;

/** What a command works with. */
export type Context = Readonly<{
  parts: Parts;
  /** Aborts on Ctrl-C. */
  signal: AbortSignal;
  /** Prints a line of the result on standard output. */
  print(text: string): void;
  /** Resolves when the output is written, so that a command waits for a slow reader. */
  printed(): Promise<void>;
  /** Prints a line about progress on standard error. */
  report(text: string): void;
}>;

/** A command that works on the stores of a ledger. */
export type Command = Readonly<{
  /** Its options, one a line. */
  help: string;
  options: NonNullable<ParseArgsConfig['options']>;
  /** Checks the command line before anything is opened. @throws UsageError */
  check?(given: Given): void;
  /** Returns the exit code: 0, or 1 where something is wrong. */
  run(given: Given, context: Context): Promise<number>;
}>;

/** The command line names nothing that can be done; the message says what to write instead. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}

/** Finds projections by name; no name stands for all. @throws UsageError for a name that does not exist */
export function named(projections: readonly AnyProjection[], names: readonly string[]): readonly AnyProjection[] {
  if (names.length === 0) return projections;
  return [...new Set(names)].map((name) => {
    const found = projections.find((projection) => projection.name === name);
    if (found === undefined)
      throw new UsageError(
        `There is no projection "${name}". This build has: ${projections.map((one) => one.name).join(', ')}.`,
      );
    return found;
  });
}

/** Reads the whole number of an option. @throws UsageError */
export function wholeNumber(
  option: string,
  text: string | boolean | undefined,
  { min, max }: { min: number; max: number },
): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new UsageError(`--${option} must be a whole number from ${min} to ${max}, not "${String(text)}".`);
  return value;
}
