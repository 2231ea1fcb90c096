import { readEventAt } from '../eventstore/read.js';
import { findStreams } from '../read-models/event-index.js';
import { UsageError, type Context } from './command.js';

/** The message when this build has no live generation, so that there are no rows to compare with. */
export const NOTHING_TO_COMPARE =
  'Nothing was checked: no read model of this build has rows yet. "projections" shows where they are.';

/** @throws UsageError for a stream that never had events: its name is probably mistyped */
export async function assertStreamExists(stream: string, { parts: { store, database } }: Context): Promise<void> {
  if ((await findStreams(database, [stream])).has(stream)) return;
  if ((await readEventAt(store, stream, 0n)) !== null) return;
  throw new UsageError(
    `There is no event in the stream "${stream}". A stream is named by its object: subscription-sub_123, charge-ch_123.`,
  );
}
