/**
 * The regular expressions of filters. A client chooses them, and the store has one thread: they run on an engine whose
 * work grows with the length of the text and never with the number of ways to match it. It knows no lookaround and no
 * backreferences.
 */
import { RE2JS } from 're2js';

/** Characters of an expression. */
const EXPRESSION_LENGTH_MAX = 2_048;
/** Steps of its compiled form; each character of a text costs so many at most. */
const PROGRAM_SIZE_MAX = 2_000;
/** Compiled expressions that are kept, since their tables of states take up to some megabytes each. */
const KEPT_MAX = 16;

/** Tells whether a text matches. */
export type Matcher = Readonly<{
  test: (text: string) => boolean;
  /** Steps that it takes at most. */
  stepsFor: (text: string) => number;
}>;

/** The expression cannot be used here; the message says why and what to do. */
export class ExpressionError extends Error {
  readonly code = 'EXPRESSION';

  constructor(reason: string, options?: ErrorOptions) {
    super(`The expression of this filter cannot be used here: ${reason}.`, options);
  }
}

/** What the engine reads in another way than .NET, which the real server uses: \Q, \C, \pL, and the option U. */
const READ_OTHERWISE = /^(?:\\[QC]|\\[pP][^{]|\(\?[a-zA-Z-]*U)/;
/** An escape, a class with what is in it, or the beginning of a group with options. */
const PARTS = /\\[pP]?[^]|\[\^?\]?((?:\\[^]|[^\]\\])*)\]|\(\?[a-zA-Z-]*/g;
const LOOKAROUND = /\(\?(?:<?[=!]|>)|\\[1-9]|\\k/;

const kept = new Map<string, Matcher>();

/**
 * The matcher of an expression, which is asked for again for each page of events: only the last ones are kept. Throws an
 * ExpressionError for an expression that the engine does not know or that is too large.
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

/** By which the official clients leave out the events of the system. */
const NOT_OF_THE_SYSTEM = /^\^\[\^\\?\$\](?:\.\*)?$/;
const PREFIX = /^\^((?:[\w -]|\\[$.])*)$/;

/** What needs no engine, and is never refused. */
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

/** What is repeated so often is compiled so often: too much is refused before. */
function repetitionsIn(source: string): number {
  return [...source.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].reduce(
    (sum, [, from, to]) => sum + Math.max(Number(from), Number(to ?? 0)),
    0,
  );
}

function assertSize(size: number): void {
  if (size > PROGRAM_SIZE_MAX)
    throw new ExpressionError(`it is too large: ${size} steps, where ${PROGRAM_SIZE_MAX} are allowed`);
}

/** The engine writes the `\u0061` of .NET and JavaScript as `\x{0061}`. */
function compiledOf(source: string): Readonly<{ compiled: RE2JS; size: number }> {
  try {
    const compiled = RE2JS.compile(
      source.replace(/\\(?:u([\dA-Fa-f]{4})|[^])/g, (escape, digits?: string) => (digits ? `\\x{${digits}}` : escape)),
    );
    return { compiled, size: compiled.programSize() };
  } catch (error) {
    const advice = LOOKAROUND.test(source)
      ? '; lookaround and backreferences are not known here: "does not begin with $" can be said as ^[^$]'
      : '';
    throw new ExpressionError(`${(error as Error).message}${advice}`, { cause: error });
  }
}
