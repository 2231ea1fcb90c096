import type { Seconds } from '../calendar.js';

/** The time at the simulated Stripe. It stands still until it is set, or runs at some speed. */
export class VirtualClock {
  #from: Seconds;
  #since = performance.now();
  #speed = 0;

  constructor(now: Seconds) {
    this.#from = now;
  }

  now(): Seconds {
    return Math.floor(this.#from + ((performance.now() - this.#since) / 1_000) * this.#speed);
  }

  set(now: Seconds): void {
    this.#from = now;
    this.#since = performance.now();
  }

  advance(seconds: number): void {
    this.set(this.now() + seconds);
  }

  /** Runs the clock at this many seconds per real second; 0 stops it. */
  runAt(speed: number): void {
    this.set(this.now());
    this.#speed = speed;
  }
}
