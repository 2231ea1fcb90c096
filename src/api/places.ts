import type { ProblemError } from '../http/problem.js';
import { tooManyRequests } from './refusals.js';

/**
 * How many places there are, how many of them one token may have, what is done on them (`requests wait for a
 * position`), and the answer when all are taken.
 */
export type PlacesOptions = Readonly<{ max: number; perTokenMax: number; what: string; full: () => ProblemError }>;

/** A bounded number of places that are held while something lasts, with a share for each token. */
export class Places {
  #taken = 0;
  readonly #byToken = new Map<string, number>();

  constructor(private readonly options: PlacesOptions) {}

  get taken(): number {
    return this.#taken;
  }

  /**
   * Takes a place; returns what gives it back, once. @throws ProblemError when all are taken, or the token has its
   * share
   */
  take(token: string): () => void {
    this.check(token);
    this.#taken += 1;
    this.#byToken.set(token, this.#of(token) + 1);
    let held = true;
    return () => {
      if (held) this.#giveBack(token);
      held = false;
    };
  }

  /** @throws ProblemError when there is no place for this token now */
  check(token: string): void {
    const { max, perTokenMax, what, full } = this.options;
    if (this.#taken >= max) throw full();
    if (this.#of(token) >= perTokenMax) throw tooManyRequests(`${perTokenMax} ${what} already`);
  }

  #giveBack(token: string): void {
    this.#taken -= 1;
    if (this.#of(token) === 1) this.#byToken.delete(token);
    else this.#byToken.set(token, this.#of(token) - 1);
  }

  #of(token: string): number {
    return this.#byToken.get(token) ?? 0;
  }
}
