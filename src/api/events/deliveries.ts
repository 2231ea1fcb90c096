/** One delivery that this process accepted: its time, its outcome, and the age of its signature. */
export type Delivery = Readonly<{
  at: string;
  outcome: string;
  endpoint: string;
  signatureAgeS: number;
}>;

/** The deliveries of an event known to this process; null if it receives none. */
export type DeliveriesOf = (stripeEventId: string) => readonly Delivery[] | null;
export const DELIVERIES_OF = Symbol('DeliveriesOf');
