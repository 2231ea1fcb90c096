/** Stripe's limits for one account: requests per second in total and per endpoint, and concurrent requests. */
export type Limits = Readonly<{ perSecond: number; perEndpoint: number; concurrent: number }>;

/** The limits of a sandbox (docs.stripe.com/rate-limits); the limit on concurrency is our guess. */
export const SANDBOX_LIMITS: Limits = { perSecond: 25, perEndpoint: 25, concurrent: 20 };

type Reason = 'global-rate' | 'endpoint-rate' | 'global-concurrency';

/** Counts requests and rejects those beyond the limits. */
export class Counters {
  readonly #starts: number[] = [];
  readonly #byEndpoint = new Map<string, number[]>();
  #underWay = 0;
  #mostInASecond = 0;
  #requests = 0;

  constructor(
    private readonly limits: Limits | null,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get requests(): number {
    return this.#requests;
  }

  /** The largest number of requests within one second. */
  get mostInASecond(): number {
    return this.#mostInASecond;
  }

  /** Requests by operation, e.g. `GET /v1/customers`. */
  readonly byOperation: Record<string, number> = {};

  begin(operation: string): Reason | null {
    this.#requests += 1;
    this.#underWay += 1;
    this.byOperation[operation] = (this.byOperation[operation] ?? 0) + 1;
    const ofAll = this.#inTheLastSecond(this.#starts);
    const endpoint = this.#byEndpoint.get(operation) ?? [];
    this.#byEndpoint.set(operation, endpoint);
    const ofEndpoint = this.#inTheLastSecond(endpoint);
    this.#mostInASecond = Math.max(this.#mostInASecond, ofAll);
    if (this.limits === null) return null;
    if (ofAll > this.limits.perSecond) return 'global-rate';
    if (ofEndpoint > this.limits.perEndpoint) return 'endpoint-rate';
    return this.#underWay > this.limits.concurrent ? 'global-concurrency' : null;
  }

  end(): void {
    this.#underWay -= 1;
  }

  #inTheLastSecond(starts: number[]): number {
    const now = this.now();
    while (starts[0] !== undefined && starts[0] <= now - 1_000) starts.shift();
    return starts.push(now);
  }
}
