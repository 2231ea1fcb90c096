import type { z } from 'zod';

/**
 * Returns what is wrong with a query or body, on one line that names each member; `whole` names the input where there
 * is no member. Rewords the library's messages, which speak of its own types.
 */
export const mistakesIn = (issues: readonly z.core.$ZodIssue[], whole: string): string =>
  issues.flatMap((issue) => mistakesOf(issue, whole)).join('; ');

function mistakesOf(issue: z.core.$ZodIssue, whole: string): string[] {
  const { code, path, message } = issue;
  const at = path.map(String).join('.') || whole;
  if (code === 'unrecognized_keys') return issue.keys.map((key) => `${[...path, key].join('.')}: is unknown here`);
  if (code === 'invalid_value') return [`${at}: must be one of ${issue.values.map(String).join(', ')}`];
  if (code === 'invalid_union' && issue.inclusive !== false && issue.options !== undefined)
    return [`${at}: must be one of ${issue.options.map(String).join(', ')}`];
  if (code !== 'invalid_type') return [`${at}: ${message}`];
  if (message.endsWith('received undefined')) return [`${at}: is required`];
  return [
    `${at}: ${message.endsWith('received array') ? 'must be one value, not several' : `must be ${article(issue.expected)}`}`,
  ];
}

const article = (type: string): string => `${/^[aeio]/.test(type) ? 'an' : 'a'} ${type}`;
