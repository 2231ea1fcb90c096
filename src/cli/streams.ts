import { readEventAt } from '../eventstore/read.js';
import { findStreams } from '../read-models/event-index.js';
import { UsageError, type Context } from './command.js';

/** The message when this build has no live generation, so that there are no rows to compare with. */
export const NOTHING_TO_COMPARE =
  'Nothing was checked: no read model of this build has rows yet. "projections" shows the progress.';

/** @throws UsageError for a stream that never had events: its name is probably mistyped */
export async function assertStreamExists(stream: string, { parts: { store, database } }: Context): Promise<void> {
  if ((await findStreams(database, [stream])).has(stream)) return;
  if ((await readEventAt(store, stream, 0n)) !== null) return;
  throw new UsageError(
    `The stream "${stream}" has no events. Streams are named after their object, e.g. subscription-sub_123 or charge-ch_123.`,
  );
}
