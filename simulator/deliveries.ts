import type { Random } from './random.js';
import { seededRandom } from './random.js';

export interface Chaos {
  readonly seed: number;
  /** The share of events that are delivered again: once, or with falling probability several times. */
  readonly duplicateRate: number;
  /** A delivery may be overtaken by those of up to this many later events. 0 keeps the order. */
  readonly reorderWindow: number;
  /** The share of deliveries that come much later: after up to this many windows (default 10 % after 5). */
  readonly stragglerRate?: number;
}

export interface Delivery<E> {
  readonly event: E;
  /** 1 for the first, more for every repetition. */
  readonly attempt: number;
}

const ATTEMPTS_MAX = 5;
const STRAGGLER_WINDOWS = 5;

/**
 * Delivers events as a network and an at-least-once sender do: in disorder, with repetitions, some much later.
 * Holds only what is on its way: memory is bounded by the window.
 */
export function* deliveries<E>(events: Iterable<E>, chaos: Chaos): Generator<Delivery<E>> {
  const random = seededRandom(chaos.seed, 'deliveries');
  const onTheWay = new Map<number, Delivery<E>[]>();
  let now = 0;
  for (const event of events) {
    for (const attempt of attempts(random, chaos)) {
      const due = now + delay(random, chaos);
      onTheWay.set(due, [...(onTheWay.get(due) ?? []), { event, attempt }]);
    }
    yield* arrivals(onTheWay, now);
    now += 1;
  }
  for (; onTheWay.size > 0; now += 1) yield* arrivals(onTheWay, now);
}

function* arrivals<E>(onTheWay: Map<number, Delivery<E>[]>, now: number): Generator<Delivery<E>> {
  const due = onTheWay.get(now) ?? [];
  onTheWay.delete(now);
  yield* due;
}

function attempts(random: Random, { duplicateRate }: Chaos): number[] {
  const numbers = [1];
  while (numbers.length < ATTEMPTS_MAX && random.chance(duplicateRate)) numbers.push(numbers.length + 1);
  return numbers;
}

function delay(random: Random, { reorderWindow, stragglerRate = 0.1 }: Chaos): number {
  const windows = reorderWindow > 0 && random.chance(stragglerRate) ? STRAGGLER_WINDOWS : 1;
  return random.integer(0, reorderWindow * windows);
}
