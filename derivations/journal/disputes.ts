import { secondOf } from '../time.js';
import type { DisputeMovementRow } from './facts.js';

/**
 * The amount that a movement takes from a payment, in the payment's currency; negative if it gives back. A movement in
 * another currency counts as the whole dispute.
 */
export function movedOf(row: DisputeMovementRow): Readonly<{ at: number; takenMinor: number; currency: string }> {
  const { amount_minor: amount, currency, dispute_amount_minor: whole, dispute_currency: own } = row;
  const takenMinor = currency === own ? -amount : -Math.sign(amount) * whole;
  return { at: secondOf(row.at), takenMinor, currency: own };
}
