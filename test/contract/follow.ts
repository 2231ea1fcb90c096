/** Follows a subscription, and waits for its events up to a limit. */
import type {
  AllStreamRecordedEvent,
  AllStreamSubscription,
  RecordedEvent,
  StreamSubscription,
} from '@eventstore/db-client';

const WAIT_MAX_MS = 10_000;

type Recorded = RecordedEvent | AllStreamRecordedEvent;
type Milestone = 'confirmation' | 'caughtUp';

export type Following = Readonly<{
  /** Resolves with the received events once there are at least this many. */
  events(count: number): Promise<readonly Recorded[]>;
  /** Resolves with the received events once they satisfy the condition. */
  until(awaited: (received: readonly Recorded[]) => boolean): Promise<readonly Recorded[]>;
  reached(milestone: Milestone): Promise<void>;
  /** Everything received, in order. */
  log(): readonly string[];
  stop(): Promise<void>;
}>;

export function follow(subscription: StreamSubscription | AllStreamSubscription): Following {
  const received: Recorded[] = [];
  const log: string[] = [];
  let failure: Error | undefined;
  const waiting = new Set<() => void>();
  const note = (what: string): void => {
    log.push(what);
    for (const check of [...waiting]) check();
  };
  const source = subscription as StreamSubscription;
  source.on('data', ({ event }) => {
    if (!event) return;
    received.push(event);
    note('event');
  });
  source.on('confirmation', () => note('confirmation'));
  source.on('caughtUp', () => note('caughtUp'));
  source.on('error', (error: Error) => {
    failure = error;
    note('error');
  });

  const waitFor = (condition: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const finish = (error?: Error): void => {
        clearTimeout(timer);
        waiting.delete(check);
        if (error) reject(error);
        else resolve();
      };
      const check = (): void => {
        if (condition()) finish();
        else if (failure) finish(failure);
      };
      const timer = setTimeout(
        () =>
          finish(new Error(`Nothing more came in ${WAIT_MAX_MS} ms after: ${log.slice(-20).join(', ') || 'nothing'}.`)),
        WAIT_MAX_MS,
      );
      waiting.add(check);
      check();
    });

  const until: Following['until'] = async (awaited) => {
    await waitFor(() => awaited(received));
    return received;
  };
  return {
    until,
    events: (count) => until(() => received.length >= count),
    reached: (milestone) => waitFor(() => log.includes(milestone)),
    log: () => log,
    stop: () => subscription.unsubscribe(),
  };
}
