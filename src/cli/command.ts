import type { ParseArgsConfig } from 'node:util';
import type { ReadModel } from '../../projections/projection.js';
import type { Parts } from '../rebuild/held.js';

/** Options and names of a command line, as given. */
export type Given = Readonly<{
  names: readonly string[];
  values: Readonly<Record<string, string | boolean | undefined>>;
}>;

/** The input and output of a command. */
export type Terminal = Readonly<{
  /** Aborts on Ctrl-C. */
  signal: AbortSignal;
  /** Prints a line of the result on standard output; control characters in it are escaped. */
  print(text: string): void;
  /** Resolves when the output is written, so that a command waits for a slow reader. */
  printed(): Promise<void>;
  /** Prints a line about progress on standard error. */
  report(text: string): void;
}>;

/** The context of a command on the stores of a ledger. */
export type Context = Terminal & Readonly<{ parts: Parts }>;

/** A command, by its context: by default the stores of a ledger. */
export type Command<C extends Terminal = Context> = Readonly<{
  /** Its options, one per line. */
  help: string;
  options: NonNullable<ParseArgsConfig['options']>;
  /** Without it names are rejected: users could believe that the command applies only to these. */
  takesNames?: true;
  /** Checks the command line before anything is opened. @throws UsageError */
  check?(given: Given): void;
  /** Returns the exit code: 0, or 1 when something is wrong. */
  run(given: Given, context: C): Promise<number>;
}>;

/** The value of a text option; undefined where it is not given. */
export function textOption({ values }: Given, option: string): string | undefined {
  const value = values[option];
  return typeof value === 'string' ? value : undefined;
}

/** The command line is invalid; the message says what to write instead. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}

/** All read models of this build: projections, then derivations. */
export const modelsOf = ({ projections, deriver }: Parts): readonly ReadModel[] => [
  ...projections,
  ...deriver.derivations,
];

/** Finds projections by name; no name selects all. @throws UsageError for an unknown name */
export function named<M extends ReadModel>(projections: readonly M[], names: readonly string[]): readonly M[] {
  if (names.length === 0) return projections;
  return [...new Set(names)].map((name) => {
    const found = projections.find((projection) => projection.name === name);
    if (found === undefined)
      throw new UsageError(
        `Unknown projection "${name}". Projections of this build: ${projections.map((one) => one.name).join(', ')}.`,
      );
    return found;
  });
}

/** Parses the whole number of an option. @throws UsageError */
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
