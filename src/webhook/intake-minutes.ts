/** Deliveries of one minute by outcome, without outcomes that did not occur. */
export type IntakeMinute = Readonly<{ at: Date; byOutcome: Readonly<Record<string, number>> }>;

const MINUTE_MS = 60_000;
const MINUTES_KEPT = 60;

/** Counts the deliveries of this process by minute and outcome, for the last hour. */
export class IntakeMinutes {
  readonly #counts = new Map<number, Map<string, number>>();
  readonly #from: number;

  constructor(private readonly now: () => number = Date.now) {
    this.#from = minuteOf(now());
  }

  note(outcome: string): void {
    const minute = minuteOf(this.now());
    const counts = this.#counts.get(minute) ?? new Map<string, number>();
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    this.#counts.set(minute, counts);
    for (const old of this.#counts.keys()) if (old <= minute - MINUTES_KEPT) this.#counts.delete(old);
  }

  /** Each minute since the process started, at most the last 60, oldest first. The last one is incomplete. */
  get last(): readonly IntakeMinute[] {
    const current = minuteOf(this.now());
    const first = Math.max(this.#from, current - MINUTES_KEPT + 1);
    return Array.from({ length: Math.max(0, current - first + 1) }, (_, at) => ({
      at: new Date((first + at) * MINUTE_MS),
      byOutcome: Object.fromEntries(this.#counts.get(first + at) ?? []),
    }));
  }
}

const minuteOf = (time: number): number => Math.floor(time / MINUTE_MS);
