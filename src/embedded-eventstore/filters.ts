/** Filters of `$all`: by stream name or event type, with prefixes or a regular expression. */
import type { StoredEvent } from './record.js';

export type Filter = Readonly<{
  matches: (event: StoredEvent) => boolean;
  /** Events to consider between two checkpoints of a subscription. */
  checkpointEvery: number;
}>;

export type FilterDefinition = Readonly<{
  on: 'stream' | 'type';
  /** Wins over the prefixes when it is not empty. Of .NET's syntax, what JavaScript shares. */
  regex: string;
  prefixes: readonly string[];
  checkpointEvery: number;
}>;

/** Throws a SyntaxError for an expression that JavaScript does not know. */
export function createFilter({ on, regex, prefixes, checkpointEvery }: FilterDefinition): Filter {
  const expression = regex === '' ? undefined : new RegExp(regex);
  const matchesText = (text: string): boolean => (expression ? expression.test(text) : prefixes.some((prefix) => text.startsWith(prefix)));
  return { matches: (event) => matchesText(on === 'stream' ? event.stream : event.type), checkpointEvery };
}
