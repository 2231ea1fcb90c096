import type { Refreshed } from './answers.js';

/** The outcome of a look at Stripe, for the query of the page: the first verdict in ORDER that occurs. */
export function lookedAt(data: Refreshed['data']): string {
  const verdicts = new Set(data.map(({ verdict, appended }) => (appended === null ? verdict : 'appended')));
  return ORDER.find((verdict) => verdicts.has(verdict)) ?? 'same';
}

const ORDER = ['appended', 'contradicts', 'unreadable', 'in_flight', 'busy', 'no_stream'];

/** The message of a page for each outcome. */
export const LOOKED: Readonly<Record<string, string>> = {
  appended: 'Stripe had news about this object. It is recorded and appears here within a moment.',
  contradicts: 'The object at Stripe contradicts its history. Nothing was recorded; compare both sides by hand.',
  unreadable: 'The stream is parked, or the object at Stripe cannot be read. Nothing was recorded.',
  in_flight: 'The object changed within the last minute, and its events may still arrive. Check again in a minute.',
  busy: 'The object is changing right now. Check again.',
  no_stream: 'The object at Stripe has no id that is valid for a stream. Nothing was recorded.',
  same: 'Stripe and the ledger agree.',
};
