import { LRUCache } from 'lru-cache';

const FREE_ATTEMPTS = 5;
const PAUSE_MS = 1_000;
const FORGOTTEN_AFTER_MS = 900_000;
const ADDRESSES_MAX = 10_000;

/** Failed logins by address: after FREE_ATTEMPTS failures, an address may try once per second. */
export class LoginAttempts {
  readonly #failed = new LRUCache<string, { count: number; lastMs: number }>({
    max: ADDRESSES_MAX,
    ttl: FORGOTTEN_AFTER_MS,
  });

  mayTry(address: string, nowMs: number): boolean {
    const { count, lastMs } = this.#failed.get(address) ?? { count: 0, lastMs: -Infinity };
    return count < FREE_ATTEMPTS || nowMs - lastMs >= PAUSE_MS;
  }

  failed(address: string, nowMs: number): void {
    this.#failed.set(address, { count: (this.#failed.get(address)?.count ?? 0) + 1, lastMs: nowMs });
  }

  succeeded(address: string): void {
    this.#failed.delete(address);
  }
}
