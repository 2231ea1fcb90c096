/** Reconciles with Stripe during a storm of webhooks; temporary differences are not findings. */
import { setTimeout as pause } from 'node:timers/promises';
import { projections } from '../../projections/index.js';
import { DAY } from '../../simulator/calendar.js';
import type { SimulatedStripe } from '../../simulator/stripe-api/server.js';
import { Appender } from '../../src/eventstore/appender.js';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { Database } from '../../src/read-models/database.js';
import { BatchedEventIdIndex } from '../../src/read-models/event-id-index.js';
import { Reconcile, type Finding } from '../../src/reconcile/reconcile.js';
import { openSession } from '../../src/reconcile/session.js';
import { RESOURCES } from '../../src/stripe-api/resources.js';
import { RunBudget } from '../../src/stripe-api/budget.js';
import { APPENDER_LIMITS } from './appender-limits.js';

/** Events that happen ahead of their delivery. */
const AT_ONCE = 8;
const REPEATED_EVERY_MS = 5;
const YOUNG_S = 25 * DAY;

/**
 * Advances Stripe's time and delivers the events as fast as the service accepts them, while other senders repeat
 * earlier deliveries.
 */
export class Storm {
  readonly counts = { fresh: 0, repeated: 0, refused: 0 };
  #stopped = false;
  #turns = 0;
  /** Events that have happened, and how many of them Stripe no longer delivers. */
  #happened = 0;
  #young = 0;
  readonly #running: Promise<unknown>;

  /** The last second that the storm advances to. */
  readonly #ends: number;

  /**
   * `repeats`: senders that repeat deliveries. `lastsS`: the simulated time of the storm; by default all the time there
   * is.
   */
  constructor(
    private readonly stripe: SimulatedStripe,
    {
      url,
      secret,
      repeats = 2,
      lastsS = Infinity,
    }: Readonly<{ url: string; secret: string; repeats?: number; lastsS?: number }>,
  ) {
    this.#ends = stripe.clock.now() + lastsS;
    const form = new URLSearchParams({ url, secret, 'enabled_events[0]': '*' });
    stripe.endpoints.create(form, stripe.clock.now());
    stripe.endpoints.skipTo(stripe.clock.now());
    this.#skip();
    this.#running = Promise.all([this.#happen(), ...Array.from({ length: repeats }, (_, at) => this.#repeat(at))]);
  }

  /** Waits until everything that has happened by now was delivered. */
  async settled(): Promise<void> {
    for (const turn = this.#turns; this.#turns < turn + 2 && !this.#stopped;) await pause(1);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #happen(): Promise<void> {
    const { clock, world } = this.stripe;
    for (; !this.#stopped; this.#turns += 1) {
      // The next events happen and are readable before the first of them is delivered.
      const next = world.events[this.#happened + AT_ONCE];
      const to = Math.min(next?.at ?? 0, this.#ends);
      if (to > clock.now()) clock.set(to);
      this.#skip();
      this.#count('fresh', await this.stripe.deliver());
      await pause(1);
    }
  }

  async #repeat(seed: number): Promise<void> {
    const { clock, world, endpoints } = this.stripe;
    for (let step = seed; !this.#stopped; step += 1) {
      while ((world.events[this.#young]?.at ?? Infinity) < clock.now() - YOUNG_S) this.#young += 1;
      // A stride that visits all of them, far apart from each other.
      const event = world.events[this.#young + ((step * 7_919) % Math.max(1, this.#happened - this.#young))];
      if (event !== undefined && event.at <= clock.now()) this.#count('repeated', await endpoints.resend(event.id));
      // Keeps these senders from saturating a core.
      await pause(REPEATED_EVERY_MS);
    }
  }

  /** Counts what has happened by now. */
  #skip(): void {
    const { clock, world } = this.stripe;
    while ((world.events[this.#happened]?.at ?? Infinity) <= clock.now()) this.#happened += 1;
  }

  #count(what: 'fresh' | 'repeated', sent: readonly Readonly<{ status: number }>[]): void {
    this.counts[what] += sent.length;
    this.counts.refused += sent.filter(({ status }) => status !== 200).length;
  }
}

/**
 * The objects that events report. The others are found only by reading, so reconciliation rightly reports them as
 * unknown.
 */
const TOLD_BY_EVENTS = RESOURCES.filter(
  ({ object, when }) => when === 'default' && object !== 'balance_transaction',
).map(({ object }) => object);

/**
 * Compares everything that events report until this many looks were taken, or this time has passed. Returns the
 * findings other than changes in progress.
 */
export async function looksDuring(
  storm: Storm,
  {
    stripe,
    eventstoreUrl,
    databaseUrl,
    looks,
    only = TOLD_BY_EVENTS,
    withinMs = 600_000,
  }: Readonly<{
    stripe: SimulatedStripe;
    eventstoreUrl: string;
    databaseUrl: string;
    looks: number;
    only?: readonly string[];
    withinMs?: number;
  }>,
): Promise<Readonly<{ looks: number; findings: readonly Finding[]; busy: number; stopped: string | null }>> {
  const store = connectEventStore(eventstoreUrl);
  const database = new Database(databaseUrl, { connectionsMax: 4, onIdleError: () => undefined });
  const appender = new Appender(store, new BatchedEventIdIndex(database), APPENDER_LIMITS);
  const session = await openSession(store, {
    key: stripe.key,
    livemode: stripe.world.options.livemode,
    url: stripe.url,
    apiVersion: null,
    perSecond: 100,
    budget: new RunBudget(1_000_000),
    signal: AbortSignal.timeout(withinMs),
  });
  const found = { looks: 0, findings: [] as Finding[], busy: 0, stopped: null as string | null };
  const until = performance.now() + withinMs;
  try {
    while (found.looks < looks && found.stopped === null && performance.now() < until) {
      const { findings, counts, why } = await new Reconcile(
        { store, database, appender, projections, session },
        {
          all: true,
          only,
          repair: false,
          max: 0,
          wait: async (seconds) => {
            stripe.clock.advance(seconds);
            await storm.settled();
          },
          report: () => undefined,
          run: null,
        },
      ).run();
      found.stopped = why;
      found.looks += Object.values(counts).reduce((sum, count) => sum + count, 0);
      found.findings.push(...findings.filter(({ verdict }) => verdict !== 'busy'));
      found.busy += findings.filter(({ verdict }) => verdict === 'busy').length;
    }
  } finally {
    session.api.close();
    await Promise.all([store.close(), database.close()]);
  }
  return found;
}
