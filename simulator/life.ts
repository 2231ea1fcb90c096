import { stripeId, type Account } from './account.js';
import type { ApiVersion } from './api-version.js';
import { Ledger } from './bank/ledger.js';
import { DAY, HOUR, MINUTE, type Seconds } from './calendar.js';
import { cancel, change } from './changes.js';
import { Journal, type SimulatedEvent } from './journal.js';
import type { StripeObject } from './json.js';
import { seededRandom } from './random.js';
import { announceTrialEnd, endPeriod, pauseWithoutCard } from './renewal.js';
import { subscriptionShape } from './shapes/subscription.js';
import {
  attachCard,
  beginAt,
  newSubscription,
  openAccount,
  openStage,
  startByApi,
  startByCheckout,
  startTrial,
} from './signup.js';
import { testClockShape } from './shapes/test-clock.js';
import type { Stage } from './stage.js';

const PERIODS_MAX = 4;
const CHANGES_PER_PERIOD_MAX = 2;
const SUBSCRIPTIONS_MAX = 3;

/** Everything that happened to one customer and its subscriptions. */
export interface SimulatedLife {
  readonly index: number;
  readonly customer: string;
  /**
   * The last objects of its subscriptions in the chosen API version: the state that every reader of the events must
   * arrive at.
   */
  readonly stripeSubscriptions: readonly StripeObject[];
  /** In true order. */
  readonly events: readonly SimulatedEvent[];
  /** The double-entry books of the life, and the money moved at Stripe. */
  readonly ledger: Ledger;
}

export interface LifeOptions {
  readonly seed: number;
  /** The index of the life within the seed; lives are independent of each other. */
  readonly index: number;
  readonly account: Account;
  readonly apiVersion: ApiVersion;
  /** The account's own version (default: the endpoint's). */
  readonly playedIn?: ApiVersion;
  /** When the customer is created. */
  readonly at: Seconds;
  readonly cycles: boolean;
  readonly several: boolean;
  readonly bank: boolean;
}

/** Simulates one life, from the customer's creation to the cancellation or the end of the simulation. */
export function playLife(options: LifeOptions): SimulatedLife {
  const { seed, index, account, apiVersion, playedIn = apiVersion, at, cycles, several, bank } = options;
  const random = seededRandom(seed, 'life', index);
  // Without twins when values may change back within a second, since those events look like twins.
  const clock =
    account.livemode || !random.chance(0.15)
      ? null
      : { id: stripeId(random, 'clock'), startsAt: at, createdAt: at, speed: HOUR };
  const journal = new Journal(random, { account, apiVersion, playedIn, clock }, { twins: !cycles });
  const stage = openStage({ random, journal, cycles, several, bank, ledger: new Ledger() }, at);
  if (clock !== null)
    journal.operation(at, 'merchant').record('test_helpers.test_clock.created', () => testClockShape(clock, at, null));
  openAccount(stage, journal.operation(at, 'merchant'));
  const stripeSubscriptions: StripeObject[] = [];
  let now = at;
  do {
    if (stripeSubscriptions.length > 0) now = comeBack(stage, now);
    now = playSubscription(stage, now + random.integer(MINUTE, 2 * HOUR));
    stripeSubscriptions.push(subscriptionShape(journal.view, stage.subscription));
  } while (several && stripeSubscriptions.length < SUBSCRIPTIONS_MAX && random.chance(0.15));
  return {
    index,
    customer: stage.customer.id,
    stripeSubscriptions,
    events: journal.taken(),
    ledger: stage.ledger,
  };
}

/**
 * Simulates one subscription from start to end, or to the end of the simulation. Returns the time when everything in it
 * is over.
 */
function playSubscription(stage: Stage, at: Seconds): Seconds {
  const { random, journal } = stage;
  let now = start(stage, at);
  for (let periods = random.integer(1, PERIODS_MAX); periods > 0 && isAlive(stage); periods -= 1) {
    changesUntilPeriodEnd(stage, now);
    const from = now;
    now = endPeriod(stage);
    advanceClock(stage, { from, to: now });
  }
  if (!isAlive(stage) || !random.chance(0.4)) return now;
  now += random.integer(1, 3 * DAY);
  cancel(stage, journal.operation(now, 'merchant'), 'cancellation_requested');
  return now;
}

/** Advances the test clock through a period and records the start and the end of the advance. */
function advanceClock({ journal }: Stage, { from, to }: { from: Seconds; to: Seconds }): void {
  const { clock } = journal.view;
  if (clock === null) return;
  journal
    .operation(from, 'merchant')
    .record('test_helpers.test_clock.advancing', () => testClockShape(clock, from, to));
  journal.operation(to, 'stripe').record('test_helpers.test_clock.ready', () => testClockShape(clock, to, null));
}

/** The customer starts another subscription, next to any it still has. */
function comeBack(stage: Stage, now: Seconds): Seconds {
  const at = now + stage.random.integer(4, 20) * DAY;
  stage.subscription = newSubscription(stage, stage.subscription.currency, at);
  stage.schedule = null;
  stage.pendingLines = [];
  return at;
}

function start(stage: Stage, at: Seconds): Seconds {
  const { random, journal } = stage;
  const { balanceMinor, defaultPaymentMethod } = stage.customer;
  // The customer's credit could pay the first invoice, which leaves nothing to charge.
  const charged = balanceMinor < 0 ? 0 : 1;
  const way = random.weighted({
    trial: 3,
    trialWithoutCard: defaultPaymentMethod === null ? 1 : 0,
    api: 4 * charged,
    checkout: journal.view.clock === null ? 2 * charged : 0,
    badCard: 2 * charged,
  });
  if (way !== 'trialWithoutCard' && defaultPaymentMethod === null)
    attachCard(stage, journal.operation(at - random.integer(1, MINUTE - 1), 'merchant'));
  const operation = journal.operation(at, way === 'checkout' ? 'stripe' : 'merchant');
  beginAt(stage, at, way.startsWith('trial') ? random.pick([7, 14, 30]) : 0);
  switch (way) {
    case 'trial':
      startTrial(stage, operation);
      return at;
    case 'trialWithoutCard':
      startTrial(stage, operation);
      announceTrialEnd(stage);
      return pauseWithoutCard(stage);
    case 'checkout':
      startByCheckout(stage, operation);
      return at;
    default:
      return startByApi(stage, operation, way === 'api');
  }
}

function changesUntilPeriodEnd(stage: Stage, since: Seconds): Seconds {
  const { random } = stage;
  let now = since;
  for (let changes = random.integer(0, CHANGES_PER_PERIOD_MAX); changes > 0; changes -= 1) {
    const until =
      Math.min(stage.subscription.periodEnd, since + 40 * DAY) -
      (stage.subscription.status === 'trialing' ? 3 * DAY : 0) -
      1;
    if (now + 1 > until) break;
    now = random.integer(now + 1, until);
    change(stage, now);
  }
  if (stage.subscription.status === 'trialing') announceTrialEnd(stage);
  return now;
}

/** Whether Stripe will renew the subscription. */
function isAlive({ subscription }: Stage): boolean {
  return subscription.status === 'active' || subscription.status === 'trialing';
}
