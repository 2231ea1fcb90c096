/**
 * Catch-up subscriptions: existing events, then new ones. Live events are read from the log like old ones, so nothing
 * piles up for a slow client.
 */
import { BEFORE_EVERYTHING, CatchUpCheckpoints, LiveCheckpoints, type Position } from './checkpoints.js';
import { cursorOfAll, cursorOfStream, placeOf, readabilityOf, type From } from './cursors.js';
import { createFraming } from './event-frames.js';
import { matching } from './filters.js';
import type { Outlet } from './outlet.js';
import { caughtUp, checkpoint, confirmation } from './read-answers.js';
import type { StoredEvent } from './record.js';
import type { ReadRequest } from './requests.js';
import { invalidArgument, streamDeleted } from './rpc-errors.js';
import type { Store } from './store.js';
import { REVISION_MAX } from './stream-metadata.js';

/** Sends existing and new events until the client disconnects or the server stops. */
export async function subscribe(store: Store, request: ReadRequest, outlet: Outlet): Promise<void> {
  await outlet.send([confirmation()]);
  const source =
    request.stream === undefined ? allSource(store, request, outlet) : streamSource(store, request.stream, request);
  let live = false;
  while (outlet.open) {
    const page = source.next(live);
    await outlet.send(await source.frames(page));
    if (page.length > 0) source.assertContinues(page);
    else if (live) await outlet.wait((wake) => store.changes.wait(request.stream, wake));
    else {
      live = true;
      await outlet.send([...source.caughtUp(), caughtUp()]);
      continue;
    }
    await store.turns.take();
  }
}

/** The source of a subscription's events. */
type Source = Readonly<{
  /** Returns the next events; `live` once the subscription has caught up. */
  next: (live: boolean) => StoredEvent[];
  /** Encodes a page of them. */
  frames: (page: readonly StoredEvent[]) => Promise<Buffer[]>;
  /** The messages sent when the end is first reached. */
  caughtUp: () => Buffer[];
  /** Throws when no events can follow, after a tombstone. */
  assertContinues: (page: readonly StoredEvent[]) => void;
}>;

/**
 * Follows a stream. A subscriber that has caught up sees all new events, including those that metadata hides from
 * reads, and finally the tombstone.
 */
function streamSource({ log }: Store, stream: string, request: ReadRequest): Source {
  const { from } = request;
  const cursor = cursorOfStream(log, 'forwards', {
    name: stream,
    from: from.kind === 'at' ? { kind: 'at', at: from.at + 1n } : from,
  });
  const frame = createFraming(log, request);
  return {
    next(live) {
      if (live) return cursor.nextLive();
      if (readabilityOf(log, log.stream(stream)) === 'deleted') throw streamDeleted(stream);
      return cursor.next(Infinity);
    },
    frames: (page) => Promise.resolve(page.map(frame)),
    caughtUp: () => [],
    assertContinues(page) {
      if (page.at(-1)?.revision === REVISION_MAX) throw streamDeleted(stream);
    },
  };
}

/** Returns the position before which a subscription resumes, in the protocol's numbers. */
const positionOf = (from: From): Position =>
  from.kind === 'at' ? { commit: from.at, prepare: from.before ? 0n : from.at } : BEFORE_EVERYTHING;

/** Follows the log, with or without a filter. A position names the last event seen, or one that is yet to come. */
function allSource({ log, turns }: Store, request: ReadRequest, outlet: Outlet): Source {
  const { from, filter } = request;
  if (from.kind === 'at' && placeOf(log, 'forwards', from.at) === 'inside')
    throw invalidArgument('Trying to read from an invalid position.');
  const isAtEnd = from.kind === 'at' && !from.before && from.at >= log.lastPosition;
  const cursor = cursorOfAll(log, 'forwards', isAtEnd ? { kind: 'at', at: from.at + 1n } : from);
  const frame = createFraming(log, request);
  const isStart = ({ position }: StoredEvent): boolean => from.kind === 'at' && !from.before && position === from.at;
  const catchUp = filter && new CatchUpCheckpoints(filter, positionOf(from));
  let checkpoints: CatchUpCheckpoints | LiveCheckpoints | undefined = catchUp;
  return {
    next: () => cursor.next(Infinity),
    async frames(page) {
      const matches = filter && (await matching(filter, page, () => outlet.turn(turns)));
      return page.flatMap((event, index) => {
        const considered = { position: event.position, matches: matches?.[index] ?? true, isStart: isStart(event) };
        const due = checkpoints?.consider(considered);
        return [
          ...(considered.matches && !considered.isStart ? [frame(event)] : []),
          ...(due ? [checkpoint(due)] : []),
        ];
      });
    },
    caughtUp() {
      checkpoints = filter && new LiveCheckpoints(filter);
      return (catchUp?.finish() ?? []).map(checkpoint);
    },
    assertContinues: () => undefined,
  };
}
