import { NO_STREAM } from '@eventstore/db-client';
import type { EventStore } from '../event-store.js';
import { lastEventOf, type RawEvent } from '../raw-event.js';
import { CopyDifference, sameBytes } from './difference.js';
import { appendAt, insist } from './ordered-appends.js';

type Stores = Readonly<{ source: EventStore; target: EventStore }>;

/**
 * Returns the stream metadata that the target lacks, and the revision of the target's own. Only the last metadata
 * counts and ids do not, because deletes and appends make a store write metadata of its own.
 */
async function missingMetadata(
  { source, target }: Stores,
  metastream: string,
): Promise<{ wanted: RawEvent; revision: bigint } | undefined> {
  const [wanted, there] = await Promise.all([lastEventOf(source, metastream), lastEventOf(target, metastream)]);
  if (!wanted || (there && sameBytes(wanted.data, there.data))) return undefined;
  return { wanted, revision: there?.revision ?? -1n };
}

/** Copies a stream's metadata to the target. A tombstoned stream has none. */
export async function copyMetadata(stores: Stores, metastream: string): Promise<void> {
  await insist(async () => {
    const missing = await missingMetadata(stores, metastream);
    if (missing) await appendAt(stores.target, [missing.wanted], missing.revision < 0n ? NO_STREAM : missing.revision);
  });
}

/** @throws CopyDifference when the target's stream has other metadata. */
export async function verifyMetadata(stores: Stores, metastream: string): Promise<void> {
  const missing = await missingMetadata(stores, metastream);
  if (missing)
    throw new CopyDifference(metastream, missing.wanted.revision, 'the target has other metadata of this stream.');
}
