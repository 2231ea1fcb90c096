/** The clock of the rate limits. */
export type RateClock = Readonly<{
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Calls `call` after `ms`; the result cancels it. */
  after(ms: number, call: () => void): () => void;
  /** A number in [0, 1) for jitter. */
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
  /** Requests started in any second, over all endpoints. */
  perSecond: number;
  /** Requests in flight, in total and per endpoint. */
  inFlightMax?: number;
  inFlightPerEndpointMax?: number;
}>;

/**
 * Stripe allows 25 per second for one endpoint, including the merchant's own requests (docs.stripe.com/rate-limits).
 */
const PER_ENDPOINT_MAX = 12;
const PER_SECOND_MIN = 0.2;
/** A lowered limit rises by one after each period of this length without a rate-limited request. */
const CALM_MS = 30_000;
const PAUSE_MIN_MS = 1_000;
const PAUSE_MAX_MS = 60_000;
/** The longest Retry-After that is honoured. */
const RETRY_AFTER_MAX_MS = 600_000;

/** A limit that halves when Stripe reports it as too high, and recovers by one at a time. */
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

/** Spaces starts evenly, so that no second exceeds the rate. */
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
    // Rounded up: with millisecond timers a second could otherwise get one request too many.
    this.#next = now + Math.ceil(1_000 / this.#perSecond.at(now));
  }

  halve(now: number): void {
    this.#perSecond.halve(now);
  }

  /** Pauses, longer each time in a row. Returns false if already paused: requests in flight are refused together. */
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
/** The permission for one request; release it once the request is answered. */
export type Permit = Readonly<{ release(): void }>;

type Endpoint = { readonly pace: Pace; readonly slots: Bound; inFlight: number };

/**
 * Decides when requests may start: within the configured rate and concurrency, and fewer when Stripe limits them.
 * Shared by all callers of one account; the longest waiting goes first.
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

  /** Waits for the permission to start a request of an endpoint; null when `signal` aborts. */
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

  /** Stripe rate-limited a request of an endpoint for this reason: pause, then send fewer. */
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

  /** Starts all requests that may start now, and sets a timer for the next one. */
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
    // A request that waits for a slot starts when one is released; the timer is for those that wait for time.
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
