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
  /** Aborts when somebody presses Ctrl-C. */
  signal: AbortSignal;
  /** A line on standard output: what was asked for. */
  print(text: string): void;
  /** Resolves when what was printed is written, so that a slow reader is waited for. */
  printed(): Promise<void>;
  /** A line on standard error: what is going on. */
  tell(text: string): void;
}>;

export type Command = Readonly<{
  name: string;
  /** What follows the name, e.g. `[projection…]`. */
  usage: string;
  summary: string;
  /** Its options as help tells them, one a line. */
  help: string;
  options: NonNullable<ParseArgsConfig['options']>;
  /** The exit code: 0, or 1 where something is not as it should be. */
  run(given: Given, context: Context): Promise<number>;
}>;

/** The command line cannot be understood; the message says what to write instead. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}

/** The projections of these names, all when none is named. */
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

/** A whole number of an option. */
export function wholeNumber(
  option: string,
  text: string | boolean | undefined,
  { min, max }: { min: number; max: number },
): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new UsageError(`--${option} wants a whole number from ${min} to ${max}, not "${String(text)}".`);
  return value;
}
