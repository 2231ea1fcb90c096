import { secondOf } from '../time.js';
import type { DisputeMovementRow } from './facts.js';

/**
 * What a movement takes of a payment, in the payment's currency; what it gives back is negative. A movement in another currency is taken
 * for the whole dispute.
 */
export function movedOf(row: DisputeMovementRow): Readonly<{ at: number; takenMinor: number; currency: string }> {
  const { amount_minor: amount, currency, dispute_amount_minor: whole, dispute_currency: own } = row;
  const takenMinor = currency === own ? -amount : -Math.sign(amount) * whole;
  return { at: secondOf(row.at), takenMinor, currency: own };
}
