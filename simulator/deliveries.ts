import type { Random } from './random.js';
import { seededRandom } from './random.js';

export interface Chaos {
  readonly seed: number;
  /** Share of events delivered again, once or (with falling probability) several times. */
  readonly duplicateRate: number;
  /** Later events that may overtake a delivery, at most. 0 keeps the order. */
  readonly reorderWindow: number;
  /** Share of deliveries that arrive much later, after up to this many windows (default 10 % after 5). */
  readonly stragglerRate?: number;
}

export interface Delivery<E> {
  readonly event: E;
  /** 1 for the first delivery, higher for repetitions. */
  readonly attempt: number;
}

const ATTEMPTS_MAX = 5;
const STRAGGLER_WINDOWS = 5;

/**
 * Delivers events as an at-least-once sender over a network does: out of order, with repetitions, some much later. Only
 * deliveries in flight are held, so the window bounds the memory.
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
