import type { Refreshed } from './answers.js';

/** The outcome of a look at Stripe, for the query of the page: the first verdict in ORDER that occurs. */
export function lookedAt(data: Refreshed['data']): string {
  const verdicts = new Set(data.map(({ verdict, appended }) => (appended === null ? verdict : 'appended')));
  return ORDER.find((verdict) => verdicts.has(verdict)) ?? 'same';
}

const ORDER = ['appended', 'contradicts', 'unreadable', 'in_flight', 'busy', 'no_stream'];

/** The message of a page for each outcome. */
export const LOOKED: Readonly<Record<string, string>> = {
  appended: 'Stripe showed what the ledger did not know. It is recorded, and shown here within a moment.',
  contradicts: 'Stripe shows what the life of the object excludes. Nothing was recorded: compare both sides by hand.',
  unreadable: 'Its stream is parked, or what Stripe shows cannot be read. Nothing was recorded.',
  in_flight: 'It changed within the last minute: its events are on their way. Look again in a minute.',
  busy: 'It changes at this moment. Look again.',
  no_stream: 'Stripe shows an object that no stream can bear. Nothing was recorded.',
  same: 'Stripe shows the same as the ledger.',
};
