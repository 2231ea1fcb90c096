import type { Acknowledged, Recorded } from './refusal.js';

type Note = Readonly<{
  stripeEventId: string | null;
  at: Date;
  outcome: Acknowledged;
  endpoint: string;
  signedAt: Date;
}>;

/** About 2 MB. */
const NOTES_MAX = 10_000;

/** The latest acknowledged deliveries of this process, in memory only: the log does not record repeats of an event. */
export class RecentDeliveries {
  readonly #notes: Note[] = [];
  #next = 0;

  note({ stripeEventId, kind: outcome, endpoint, signedAt }: Recorded): void {
    this.#notes[this.#next] = { stripeEventId, at: new Date(), outcome, endpoint, signedAt };
    this.#next = (this.#next + 1) % NOTES_MAX;
  }

  /** Returns the deliveries of one event, latest first. */
  of(stripeEventId: string) {
    return [...this.#notes.slice(0, this.#next).reverse(), ...this.#notes.slice(this.#next).reverse()]
      .filter((note) => note.stripeEventId === stripeEventId)
      .map(({ at, outcome, endpoint, signedAt }) => ({
        at: at.toISOString(),
        outcome,
        endpoint,
        signatureAgeS: Math.round((at.getTime() - signedAt.getTime()) / 1_000),
      }));
  }
}
