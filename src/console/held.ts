import { hash } from 'node:crypto';
import type { HeldChange, List } from './answers.js';

/** A page of the access changes that wait for an approval, and their total count. */
export type Held = List<HeldChange> & Readonly<{ count: number }>;

export const HELD = '/v1/access-changes/held';
/** Held changes per page; an approval compares the first page alone. */
export const HELD_SHOWN = 100;

/** Fingerprint of the held changes: shows whether they are still those that the approver saw. */
export const fingerprintOf = ({ data, count }: Held): string =>
  hash('sha256', JSON.stringify([count, data.map(({ customer, hold, now }) => [customer, hold, now.granted])]));
