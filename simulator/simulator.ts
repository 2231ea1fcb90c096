import { simulatedAccount } from './account.js';
import { API_VERSIONS, type ApiVersion } from './api-version.js';
import { DAY, type Seconds } from './calendar.js';
import type { SimulatedEvent } from './journal.js';
import type { StripeObject } from './json.js';
import { playLife, type SimulatedLife } from './life.js';
import { seededRandom } from './random.js';

export { renderedIn, type SimulatedEvent } from './journal.js';
export type { SimulatedLife } from './life.js';

export interface SimulationOptions {
  readonly seed: number;
  readonly subscriptions: number;
  /** One version for all lives, or `mixed`: each life in one of the known versions. */
  readonly apiVersion: ApiVersion | 'mixed';
  /**
   * The account's own version, which determines what happens, when the endpoint has another. The same seed and
   * `playedIn` yield the same events with the same ids, rendered in another version (default: the endpoint's).
   */
  readonly playedIn?: ApiVersion;
  /** The first second of the simulation; customers are created within the 30 days after it. */
  readonly startAt?: Seconds;
  readonly livemode?: boolean;
  /**
   * Values may also change back within a second, so that some events of the second look like each other's cause
   * (default false).
   */
  readonly cycles?: boolean;
  /**
   * A customer may have several subscriptions and one-off invoices (default true); else all of a life concerns one
   * subscription.
   */
  readonly several?: boolean;
  /**
   * Customers may also pay tax, pay in parts or too much, and payments may be detached from invoices (default false).
   */
  readonly bank?: boolean;
}

export interface Simulation {
  /** Every event in true order. */
  readonly events: readonly SimulatedEvent[];
  /** The final state of every subscription, by id. */
  readonly subscriptions: ReadonlyMap<
    string,
    { readonly stripeSubscription: StripeObject; readonly eventIds: readonly string[] }
  >;
}

const JANUARY_2026 = Date.UTC(2026, 0, 5, 9) / 1000;
const SUBSCRIPTIONS_MAX = 100_000;
/** Lives that `trueOrder` interleaves at a time, which bounds its memory. */
const COHORT = 100;

/** One life after another, each of about fifty events; only the current one is in memory. */
export function* lives(options: SimulationOptions): Generator<SimulatedLife> {
  const {
    seed,
    subscriptions,
    startAt = JANUARY_2026,
    livemode = false,
    cycles = false,
    several = true,
    bank = false,
  } = options;
  if (!Number.isInteger(subscriptions) || subscriptions < 0 || subscriptions > SUBSCRIPTIONS_MAX) {
    throw new RangeError(`subscriptions must be a whole number up to ${SUBSCRIPTIONS_MAX}, got ${subscriptions}.`);
  }
  const account = simulatedAccount({ seed, livemode, openedAt: startAt - 90 * DAY });
  for (let index = 0; index < subscriptions; index += 1) {
    const random = seededRandom(seed, 'start', index);
    const apiVersion = options.apiVersion === 'mixed' ? random.pick(API_VERSIONS) : options.apiVersion;
    const playedIn = options.playedIn ?? apiVersion;
    const at = startAt + random.integer(0, 30 * DAY);
    yield playLife({ seed, index, account, apiVersion, playedIn, at, cycles, several, bank });
  }
}

/** All lives at once, with every event in the order it happened. Use `lives` for more than a few thousand. */
export function simulate(options: SimulationOptions): Simulation {
  const all = [...lives(options)];
  const truth = ({ events }: SimulatedLife, stripeSubscription: StripeObject) => ({
    stripeSubscription,
    eventIds: events
      .filter(({ stream }) => stream === `subscription-${stripeSubscription.id}`)
      .map(({ stripeEvent }) => stripeEvent.id),
  });
  return {
    events: trueOrder(all),
    subscriptions: new Map(
      all.flatMap((life) =>
        life.stripeSubscriptions.map(
          (stripeSubscription) => [stripeSubscription.id, truth(life, stripeSubscription)] as const,
        ),
      ),
    ),
  };
}

/** Lives, a cohort at a time; within a cohort the events interleave as they happened. */
export function* cohorts(
  options: SimulationOptions,
): Generator<{ readonly lives: readonly SimulatedLife[]; readonly events: readonly SimulatedEvent[] }> {
  let cohort: SimulatedLife[] = [];
  for (const life of lives(options)) {
    cohort.push(life);
    if (cohort.length < COHORT) continue;
    yield { lives: cohort, events: trueOrder(cohort) };
    cohort = [];
  }
  if (cohort.length > 0) yield { lives: cohort, events: trueOrder(cohort) };
}

/** Sorted by second. Within a second each life keeps its order, since the sort is stable. */
function trueOrder(of: readonly SimulatedLife[]): SimulatedEvent[] {
  return of.flatMap(({ events }) => events).sort((a, b) => a.stripeEvent.created - b.stripeEvent.created);
}
