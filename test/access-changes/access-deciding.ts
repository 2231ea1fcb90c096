import { projections } from '../../projections/index.js';
import { DEFAULT_ACCESS_POLICY, type AccessPolicy } from '../../src/access/policy.js';
import { Decider, type DeciderOptions, type Judge } from '../../src/access-changes/decider.js';
import { readChanges } from '../../src/access-changes/change-log.js';
import type { AccessChange } from '../../src/access-changes/change.js';
import { judgeBy } from '../../src/api/access/judge.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { Database } from '../../src/read-models/database.js';
import { until } from '../support/until.js';

type Options = Partial<Pick<DeciderOptions, 'brake'>> & {
  policy?: Partial<AccessPolicy>;
  referenceKey?: string;
  /** Wraps the decider's judge. */
  judged?: (judge: Judge) => Judge;
};

/** A decider on real stores with a clock that the test moves. */
export class Deciding {
  readonly store: EventStore;
  readonly database: Database;
  readonly decider: Decider;
  readonly warnings: string[] = [];
  held = 0;
  now: Date;

  constructor(urls: { eventstoreUrl: string; databaseUrl: string }, now: Date, options: Options = {}) {
    this.now = now;
    this.store = connectEventStore(urls.eventstoreUrl);
    this.database = new Database(urls.databaseUrl, { connectionsMax: 3, onIdleError: () => undefined });
    const policy = { ...DEFAULT_ACCESS_POLICY, ...options.policy };
    const judge = judgeBy({ policy, referenceKey: options.referenceKey ?? null });
    this.decider = new Decider({
      store: this.store,
      database: this.database,
      projections,
      judge: options.judged?.(judge) ?? judge,
      policy: JSON.stringify(policy),
      brake: options.brake ?? { customers: 1_000, percent: 100 },
      now: () => this.now,
      decided: () => undefined,
      held: (customers) => {
        this.held = customers;
      },
      warned: (text) => void this.warnings.push(text),
    });
  }

  /** All changes of a customer so far. */
  async changesOf(customer: string): Promise<AccessChange[]> {
    const { changes } = await readChanges(this.store, { after: null, max: 10_000 });
    return changes.filter((change) => change.customer === customer);
  }

  /** Advances the clock by 3 s per tick until a customer has `count` changes. */
  async untilChanges(customer: string, count: number): Promise<AccessChange[]> {
    return until(`${customer} has ${count} changes`, async () => {
      this.now = new Date(this.now.getTime() + 3_000);
      await this.decider.tick();
      const changes = await this.changesOf(customer);
      return changes.length >= count && changes;
    });
  }

  /** Some ticks in which nothing should happen. */
  async idle(): Promise<void> {
    for (let round = 0; round < 5; round += 1) {
      this.now = new Date(this.now.getTime() + 3_000);
      await this.decider.tick();
    }
  }

  async stop(): Promise<void> {
    await this.decider.stop();
    await Promise.all([this.store.close(), this.database.close()]);
  }
}
