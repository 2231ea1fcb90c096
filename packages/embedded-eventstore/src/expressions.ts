/**
 * The regular expressions of filters. Clients choose them, and the store has one thread, so they run on an engine that
 * takes linear time in the length of the text. It supports neither lookaround nor backreferences.
 */
import { RE2JS } from 're2js';

/** The maximum length of an expression, in characters. */
const EXPRESSION_LENGTH_MAX = 2_048;
/** The maximum steps of a compiled expression, which is also the maximum cost of a character. */
const PROGRAM_SIZE_MAX = 2_000;
/** The number of cached expressions; the state tables of each take up to some megabytes. */
const KEPT_MAX = 16;

/** Tests whether texts match an expression. */
export type Matcher = Readonly<{
  test: (text: string) => boolean;
  /** The maximum number of steps for a text. */
  stepsFor: (text: string) => number;
}>;

/** The expression cannot be used. The message says why, and what to do. */
export class ExpressionError extends Error {
  readonly code = 'EXPRESSION';

  constructor(reason: string, options?: ErrorOptions) {
    super(`The expression of this filter cannot be used here: ${reason}.`, options);
  }
}

/** Syntax that means something else in .NET, which the real server uses: \Q, \C, \pL, and the option U. */
const READ_OTHERWISE = /^(?:\\[QC]|\\[pP][^{]|\(\?[a-zA-Z-]*U)/;
/** An escape, a class with its content, or the beginning of a group with options. */
const PARTS = /\\[pP]?[^]|\[\^?\]?((?:\\[^]|[^\]\\])*)\]|\(\?[a-zA-Z-]*/g;
const LOOKAROUND = /\(\?(?:<?[=!]|>)|\\[1-9]|\\k/;

const kept = new Map<string, Matcher>();

/**
 * Returns the matcher of an expression, cached because each page of events asks for it. Throws an ExpressionError for
 * an expression that the engine does not support or that is too large.
 */
export function matcherOf(source: string): Matcher {
  const tooLong = source.length > EXPRESSION_LENGTH_MAX;
  if (tooLong) throw new ExpressionError(`it is longer than ${EXPRESSION_LENGTH_MAX} characters`);
  return literalOf(source) ?? keep(source, kept.get(source) ?? compile(source));
}

function keep(source: string, matcher: Matcher): Matcher {
  kept.delete(source);
  kept.set(source, matcher);
  const [oldest] = kept.keys();
  if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
  return matcher;
}

/** The expression with which the official clients exclude system events. */
const NOT_OF_THE_SYSTEM = /^\^\[\^\\?\$\](?:\.\*)?$/;
const PREFIX = /^\^((?:[\w -]|\\[$.])*)$/;

/** A literal prefix or text needs no engine and is never refused. */
function literalOf(source: string): Matcher | undefined {
  const stepsFor = (): number => 1;
  if (NOT_OF_THE_SYSTEM.test(source)) return { test: (text) => text !== '' && !text.startsWith('$'), stepsFor };
  const [, prefix] = PREFIX.exec(source) ?? [];
  if (prefix === undefined) return undefined;
  const literal = prefix.replaceAll('\\', '');
  return { test: (text) => text.startsWith(literal), stepsFor };
}

function compile(source: string): Matcher {
  for (const [part, inClass = ''] of source.matchAll(PARTS)) {
    const classInClass = inClass.replace(/\\[^]/g, '').includes('[');
    if (classInClass || READ_OTHERWISE.test(part))
      throw new ExpressionError(`"${part}" has another meaning in EventStoreDB`);
  }
  assertSize(repetitionsIn(source));
  const { compiled, size } = compiledOf(source);
  assertSize(size);
  return { test: (text) => compiled.test(text), stepsFor: (text) => size * text.length };
}

/** Counts repetitions, which the compiler expands: too many are refused beforehand. */
function repetitionsIn(source: string): number {
  return [...source.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].reduce(
    (sum, [, from, to]) => sum + Math.max(Number(from), Number(to ?? 0)),
    0,
  );
}

function assertSize(size: number): void {
  if (size > PROGRAM_SIZE_MAX)
    throw new ExpressionError(`it is too large: ${size} steps; at most ${PROGRAM_SIZE_MAX} are allowed`);
}

/** Compiles an expression. The engine spells `\u0061` of .NET and JavaScript as `\x{0061}`. */
function compiledOf(source: string): Readonly<{ compiled: RE2JS; size: number }> {
  try {
    const compiled = RE2JS.compile(
      source.replace(/\\(?:u([\dA-Fa-f]{4})|[^])/g, (escape, digits?: string) => (digits ? `\\x{${digits}}` : escape)),
    );
    return { compiled, size: compiled.programSize() };
  } catch (error) {
    const advice = LOOKAROUND.test(source)
      ? '; lookaround and backreferences are not supported: write "does not begin with $" as ^[^$]'
      : '';
    throw new ExpressionError(`${(error as Error).message}${advice}`, { cause: error });
  }
}
