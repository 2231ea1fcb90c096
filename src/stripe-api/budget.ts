/** `until`: when there is one again, in milliseconds since the epoch; null: never. */
export type Taken = Readonly<{ kind: 'taken' }> | Readonly<{ kind: 'spent'; until: number | null }>;

/** A bound on requests over a time longer than a second. */
export type Budget = Readonly<{
  /** Takes one request, if there is one left; one that others share is asked for it first. */
  take(): Taken | Promise<Taken>;
  /** Requests that are left. */
  left(): number;
}>;

/** What a run asks at most where nobody says otherwise. */
export const REQUESTS_MAX = 10_000_000;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * At most so many requests in any 24 hours. Counts by the minute and lets a minute go when all of it is a day old, so
 * that it errs on the side of fewer. `spent`: what earlier processes asked for; a restart does not refill it.
 */
export class DailyBudget implements Budget {
  /** Requests by minute since the epoch; at most 1,441 of them. */
  readonly #minutes = new Map<number, number>();

  /** `perDay` is asked each time, since it may follow how much happens; `now` is in milliseconds since the epoch. */
  constructor(
    private readonly perDay: () => number,
    spent: readonly Readonly<{ at: number; requests: number }>[] = [],
    private readonly now: () => number = Date.now,
  ) {
    for (const { at, requests } of spent) this.#add(Math.floor(at / MINUTE_MS), requests);
  }

  take(): Taken {
    if (this.left() < 1) {
      const oldest = Math.min(...this.#minutes.keys());
      // Without a request to wait for, the budget itself is nothing.
      return { kind: 'spent', until: this.#minutes.size === 0 ? null : (oldest + 1) * MINUTE_MS + DAY_MS };
    }
    this.#add(Math.floor(this.now() / MINUTE_MS), 1);
    return { kind: 'taken' };
  }

  left(): number {
    for (const minute of this.#minutes.keys())
      if ((minute + 1) * MINUTE_MS + DAY_MS <= this.now()) this.#minutes.delete(minute);
    const spent = [...this.#minutes.values()].reduce((sum, requests) => sum + requests, 0);
    return Math.max(0, this.perDay() - spent);
  }

  #add(minute: number, requests: number): void {
    this.#minutes.set(minute, (this.#minutes.get(minute) ?? 0) + requests);
  }
}

/** At most so many requests in all, as a run by hand has. */
export class RunBudget implements Budget {
  #left: number;

  constructor(requests: number) {
    this.#left = requests;
  }

  take(): Taken {
    if (this.#left < 1) return { kind: 'spent', until: null };
    this.#left -= 1;
    return { kind: 'taken' };
  }

  left(): number {
    return this.#left;
  }
}
