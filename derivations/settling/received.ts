/** A charge or a payment intent, as far as it tells what money came. */
export type Part = Readonly<{ status: string; amount_received_minor: number; stripe_event_created: Date | string }>;

/**
 * What a payment received, in minor units, from its intent and its charges: an intent that has succeeded knows the whole, unless its charge
 * failed after all, as a bank debit may. `tiedMinor` is what ties say that it paid, and counts where no charge is known. Pure.
 */
export function receivedMinor(intent: Part | undefined, charges: readonly Part[], tiedMinor = 0): number {
  const byCharges = charges.length > 0 ? charges.reduce((sum, charge) => sum + received(charge), 0) : tiedMinor;
  if (intent?.status !== 'succeeded') return Math.max(byCharges, intent === undefined ? 0 : received(intent));
  return hasComeBack(intent, charges) ? byCharges : received(intent);
}

/** Whether a charge failed after its intent had succeeded, as a bank debit may: for the intent that is its end. */
const hasComeBack = (intent: Part, charges: readonly Part[]): boolean =>
  charges.some(
    (charge) =>
      charge.status === 'failed' && new Date(charge.stripe_event_created) > new Date(intent.stripe_event_created),
  );

const received = (part: Part): number => Number(part.amount_received_minor);

/**
 * The status of a payment: it has succeeded when its intent says so, one of its charges has received money, or it has paid an invoice, and it
 * has failed when that came back; else the intent tells how far it is, or the latest charge. `charges` are in the order in which they were
 * made. Pure.
 */
export function paymentStatus(intent: Part | undefined, charges: readonly Part[], tiedMinor = 0): string | undefined {
  const isReceived = charges.some((charge) => received(charge) > 0) || (charges.length === 0 && tiedMinor > 0);
  if (intent?.status === 'succeeded' && !isReceived && hasComeBack(intent, charges)) return 'failed';
  const isOver = intent?.status === 'succeeded' || intent?.status === 'canceled';
  return isReceived && !isOver ? 'succeeded' : (intent ?? charges.at(-1))?.status;
}
