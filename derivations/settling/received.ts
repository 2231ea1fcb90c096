/** The fields of a charge or payment intent that decide what was received. */
export type Part = Readonly<{ status: string; amount_received_minor: number; stripe_event_created: Date | string }>;

/**
 * What a payment received, in minor units, from its intent and its charges. A succeeded intent has the whole amount,
 * unless a charge failed after it, as a bank debit may. `tiedMinor` is the amount from ties to invoices, used if no
 * charge is known. Pure.
 */
export function receivedMinor(intent: Part | undefined, charges: readonly Part[], tiedMinor = 0): number {
  const byCharges = charges.length > 0 ? charges.reduce((sum, charge) => sum + received(charge), 0) : tiedMinor;
  if (intent?.status !== 'succeeded') return Math.max(byCharges, intent === undefined ? 0 : received(intent));
  return hasComeBack(intent, charges) ? byCharges : received(intent);
}

/** Whether a charge failed after its intent succeeded, as a bank debit may; the intent does not change then. */
const hasComeBack = (intent: Part, charges: readonly Part[]): boolean =>
  charges.some(
    (charge) =>
      charge.status === 'failed' && new Date(charge.stripe_event_created) > new Date(intent.stripe_event_created),
  );

const received = (part: Part): number => Number(part.amount_received_minor);

/**
 * The status of a payment. It has succeeded if its intent says so, a charge received money, or it paid an invoice; it
 * has failed if that money came back. Otherwise it is the status of the intent, or of the latest charge. `charges` are
 * in the order of creation. Pure.
 */
export function paymentStatus(intent: Part | undefined, charges: readonly Part[], tiedMinor = 0): string | undefined {
  const isReceived = charges.some((charge) => received(charge) > 0) || (charges.length === 0 && tiedMinor > 0);
  if (intent?.status === 'succeeded' && !isReceived && hasComeBack(intent, charges)) return 'failed';
  const isOver = intent?.status === 'succeeded' || intent?.status === 'canceled';
  return isReceived && !isOver ? 'succeeded' : (intent ?? charges.at(-1))?.status;
}
