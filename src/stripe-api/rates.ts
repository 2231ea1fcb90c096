/** The time that rates go by. */
export type RateClock = Readonly<{
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Calls later; the result cancels it. */
  after(ms: number, call: () => void): () => void;
  /** A number in [0, 1) that spreads pauses. */
  random(): number;
}>;

const REAL_TIME: RateClock = {
  now: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

export type RateLimits = Readonly<{
  /** Requests begun in any second, of all endpoints together. */
  perSecond: number;
  /** Requests under way, in all and of one endpoint. */
  inFlightMax?: number;
  inFlightPerEndpointMax?: number;
}>;

/** Stripe allows 25 a second of one endpoint, the merchant's own included (docs.stripe.com/rate-limits). */
const PER_ENDPOINT_MAX = 12;
const PER_SECOND_MIN = 0.2;
/** How long nothing was limited before a bound that was lowered rises by one again. */
const CALM_MS = 30_000;
const PAUSE_MIN_MS = 1_000;
const PAUSE_MAX_MS = 60_000;
/** What Stripe asks for is believed up to this. */
const RETRY_AFTER_MAX_MS = 600_000;

/** A bound that halves when Stripe says that it is too high, and rises again by one at a time. */
class Bound {
  #current: number;
  #since = -Infinity;

  constructor(
    readonly most: number,
    private readonly least: number,
  ) {
    this.#current = most;
  }

  at(now: number): number {
    const calm = this.#current === this.most ? 0 : Math.floor((now - this.#since) / CALM_MS);
    if (calm > 0) {
      this.#current = Math.min(this.most, this.#current + calm);
      this.#since += calm * CALM_MS;
    }
    return this.#current;
  }

  halve(now: number): void {
    this.#current = Math.max(this.least, this.at(now) / 2);
    this.#since = now;
  }
}

/** Evenly spaced starts: no second has more than it may. */
class Pace {
  readonly #perSecond: Bound;
  #next = -Infinity;
  #pauseMs = PAUSE_MIN_MS;
  #pausedUntil = -Infinity;

  constructor(perSecond: number) {
    this.#perSecond = new Bound(perSecond, Math.min(perSecond, PER_SECOND_MIN));
  }

  get next(): number {
    return this.#next;
  }

  start(now: number): void {
    // Rounded up: a timer of whole milliseconds would else begin a request too many in a second.
    this.#next = now + Math.ceil(1_000 / this.#perSecond.at(now));
  }

  halve(now: number): void {
    this.#perSecond.halve(now);
  }

  /** Waits, longer each time in a row. False when it waits already: what was under way together is refused together. */
  paused(now: number, random: number, askedMs: number | null): boolean {
    if (now < this.#pausedUntil) return false;
    this.#pauseMs = now - this.#pausedUntil > CALM_MS ? PAUSE_MIN_MS : Math.min(PAUSE_MAX_MS, this.#pauseMs * 2);
    const pauseMs = Math.min(PAUSE_MAX_MS, this.#pauseMs * (1 + random));
    this.#pausedUntil = now + Math.max(pauseMs, Math.min(askedMs ?? 0, RETRY_AFTER_MAX_MS));
    this.#next = Math.max(this.#next, this.#pausedUntil);
    return true;
  }
}

type Waiting = Readonly<{ endpoint: string; begin: (permit: Permit | null) => void }>;
/** The right to one request; to be given back when it is answered. */
export type Permit = Readonly<{ release(): void }>;

type Endpoint = { readonly pace: Pace; readonly slots: Bound; inFlight: number };

/**
 * When requests may begin: never more in a second than was configured, nor more at one time, and fewer when Stripe says
 * so. Shared by all that ask in the name of one account; whoever waits longest goes first.
 */
export class Rates {
  readonly #pace: Pace;
  readonly #slots: Bound;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #waiting: Waiting[] = [];
  #inFlight = 0;
  #cancelTimer: () => void = () => undefined;

  constructor(
    private readonly limits: RateLimits,
    private readonly clock: RateClock = REAL_TIME,
  ) {
    this.#pace = new Pace(limits.perSecond);
    this.#slots = new Bound(limits.inFlightMax ?? 8, 1);
  }

  /** Waits for the right to begin a request of an endpoint; null when `signal` says to stop. */
  async permit(endpoint: string, signal?: AbortSignal): Promise<Permit | null> {
    if (signal?.aborted === true) return null;
    let waiting: Waiting | null = null;
    const stop = (): void => {
      if (waiting === null || !this.#waiting.includes(waiting)) return;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.begin(null);
    };
    signal?.addEventListener('abort', stop, { once: true });
    try {
      return await new Promise<Permit | null>((begin) => {
        waiting = { endpoint, begin };
        this.#waiting.push(waiting);
        this.#begin();
      });
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Stripe refused a request of an endpoint for this reason: fewer from now on, after a pause. */
  limited(endpoint: string, reason: string, retryAfterMs: number | null): void {
    const now = this.clock.now();
    const known = this.#endpoint(endpoint);
    const [scope, what] = reason.split('-');
    const { pace, slots } = scope === 'global' ? { pace: this.#pace, slots: this.#slots } : known;
    if (pace.paused(now, this.clock.random(), retryAfterMs)) {
      if (what === 'rate') pace.halve(now);
      if (what === 'concurrency') slots.halve(now);
    }
    this.#begin();
  }

  #endpoint(name: string): Endpoint {
    const known = this.#endpoints.get(name);
    if (known !== undefined) return known;
    const { perSecond, inFlightPerEndpointMax = 4 } = this.limits;
    const pace = new Pace(Math.min(PER_ENDPOINT_MAX, Math.max(perSecond / 2, Math.min(1, perSecond))));
    const made = { pace, slots: new Bound(inFlightPerEndpointMax, 1), inFlight: 0 };
    this.#endpoints.set(name, made);
    return made;
  }

  /** Begins all that may begin now, and comes back when the next of those that wait may. */
  #begin(): void {
    this.#cancelTimer();
    const now = this.clock.now();
    let next = Infinity;
    for (const waiting of [...this.#waiting]) {
      const endpoint = this.#endpoint(waiting.endpoint);
      const at = Math.max(this.#pace.next, endpoint.pace.next);
      const isFree = this.#inFlight < this.#slots.at(now) && endpoint.inFlight < endpoint.slots.at(now);
      if (isFree && at <= now) {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        waiting.begin(this.#permit(endpoint, now));
      } else if (isFree) next = Math.min(next, at);
    }
    // Whoever waits for a slot is begun when one is released; the timer is for those that wait for time.
    this.#cancelTimer =
      next === Infinity ? () => undefined : this.clock.after(Math.ceil(next - now), () => this.#begin());
  }

  #permit(endpoint: Endpoint, now: number): Permit {
    this.#pace.start(now);
    endpoint.pace.start(now);
    this.#inFlight += 1;
    endpoint.inFlight += 1;
    let released = false;
    return {
      release: () => {
        if (released) return;
        released = true;
        this.#inFlight -= 1;
        endpoint.inFlight -= 1;
        this.#begin();
      },
    };
  }
}
