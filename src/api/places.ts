import type { ProblemError } from '../http/problem.js';
import { tooManyRequests } from './refusals.js';

/** The number of places in total and per token, their use (`requests wait for a position`), and the error when full. */
export type PlacesOptions = Readonly<{ max: number; perTokenMax: number; what: string; full: () => ProblemError }>;

/** A bounded number of places to hold while something lasts, with a share per token. */
export class Places {
  #taken = 0;
  readonly #byToken = new Map<string, number>();

  constructor(private readonly options: PlacesOptions) {}

  get taken(): number {
    return this.#taken;
  }

  /** Takes a place; returns the function that releases it. @throws ProblemError when none, or no share, is left */
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

  /** @throws ProblemError when no place is free for this token */
  check(token: string): void {
    const { max, perTokenMax, what, full } = this.options;
    if (this.#taken >= max) throw full();
    if (this.#of(token) >= perTokenMax) throw tooManyRequests(`${perTokenMax} ${what}`);
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
