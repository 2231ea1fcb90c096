/** `until`: when requests are available again, in milliseconds since the epoch; null: never. */
export type Taken = Readonly<{ kind: 'taken' }> | Readonly<{ kind: 'spent'; until: number | null }>;

/** A limit on requests over a period longer than a second. */
export type Budget = Readonly<{
  /** Takes one request if any is left; asynchronous where the budget is shared. */
  take(): Taken | Promise<Taken>;
  /** Requests left. */
  left(): number;
}>;

/** The default limit of requests per run. */
export const REQUESTS_MAX = 10_000_000;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * At most `perDay` requests in any 24 hours. Counts by the minute and drops a minute once all of it is a day old, so it
 * errs on the low side. `spent`: the requests of earlier processes; a restart does not refill the budget.
 */
export class DailyBudget implements Budget {
  /** Requests by minute since the epoch; at most 1,441 of them. */
  readonly #minutes = new Map<number, number>();

  /**
   * `perDay` is called each time, since it may follow the number of events; `now` is in milliseconds since the epoch.
   */
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
      // Without an earlier request to expire, the budget itself is 0.
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

/** At most this many requests in total, as for a manual run. */
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
