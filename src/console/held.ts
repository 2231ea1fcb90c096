import { hash } from 'node:crypto';
import type { HeldChange, List } from './answers.js';

/** A page of the changes of access that wait for an approval, and how many there are in all. */
export type Held = List<HeldChange> & Readonly<{ count: number }>;

export const HELD = '/v1/access-changes/held';
/** How many a page shows; an approval is judged by the first page. */
export const HELD_SHOWN = 100;

/** Tells whether what is held is what somebody saw. */
export const fingerprintOf = ({ data, count }: Held): string =>
  hash('sha256', JSON.stringify([count, data.map(({ customer, hold, now }) => [customer, hold, now.granted])]));
