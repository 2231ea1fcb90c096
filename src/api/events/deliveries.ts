/** One delivery of an event that this process took: when, how it ended, and how old its signature was. */
export type Delivery = Readonly<{
  at: string;
  outcome: string;
  endpoint: string;
  signatureAgeS: number;
}>;

/** What a process knows of the deliveries of an event; null where it takes none. */
export type DeliveriesOf = (stripeEventId: string) => readonly Delivery[] | null;
export const DELIVERIES_OF = Symbol('DeliveriesOf');
