/** Filters of `$all`: by stream name or event type, with prefixes or a regular expression. */
import { ExpressionError, matcherOf, type Matcher } from './expressions.js';
import type { StoredEvent } from './record.js';

export type Filter = Readonly<{
  /** Returns the name that it compares. */
  nameOf: (event: StoredEvent) => string;
  matcher: () => Matcher;
  /** Events per page; a checkpoint can fall on the end of a page. */
  window: number;
  /** Events to consider between two checkpoints of a subscription. */
  checkpointEvery: number;
}>;

export type FilterDefinition = Pick<Filter, 'window' | 'checkpointEvery'> &
  Readonly<{
    on: 'stream' | 'type';
    /** Takes precedence over the prefixes when not empty. */
    regex: string;
    prefixes: readonly string[];
  }>;

/** The most prefixes of one filter: each event is compared with all of them. */
export const PREFIXES_MAX = 2_000;

/** Creates a filter. Throws an ExpressionError for an unusable expression. */
export function createFilter({ on, regex, prefixes, ...counts }: FilterDefinition): Filter {
  const nameOf = (event: StoredEvent): string => (on === 'stream' ? event.stream : event.type);
  const byPrefix: Matcher = {
    test: (name) => prefixes.some((prefix) => name.startsWith(prefix)),
    stepsFor: () => prefixes.length,
  };
  const matcher = regex === '' ? (): Matcher => byPrefix : (): Matcher => matcherOf(regex);
  matcher();
  return { nameOf, matcher, ...counts };
}

/** The maximum steps for one event, a fraction of a second. */
const STEPS_MAX = 32_000_000;
/** The steps of one turn, some milliseconds. */
const STEPS_PER_TURN = 500_000;

/**
 * Returns the matching events. Long names take several turns; each begins with `turn`, and a false result ends early.
 * Throws an ExpressionError for a name that is too long for the expression.
 */
export async function matching(
  { nameOf, matcher }: Filter,
  page: readonly StoredEvent[],
  turn: () => Promise<boolean>,
): Promise<boolean[]> {
  const { test, stepsFor } = matcher();
  const matches: boolean[] = [];
  let steps = 0;
  for (const event of page) {
    const name = nameOf(event);
    const needed = stepsFor(name);
    if (needed > STEPS_MAX)
      throw new ExpressionError(`the event at position ${event.position} has a name that is too long for it`);
    if (steps > 0 && steps + needed > STEPS_PER_TURN) {
      if (!(await turn())) break;
      steps = 0;
    }
    steps += needed;
    matches.push(test(name));
  }
  return matches;
}
