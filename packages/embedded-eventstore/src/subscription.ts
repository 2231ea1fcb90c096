/**
 * Catch-up subscriptions: events already there and those to come. Live events are read from the log like old ones, so
 * that a slow client makes nothing pile up.
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

/** Sends what is there and what comes, until the client has gone or the server stops. */
export async function subscribe(store: Store, request: ReadRequest, outlet: Outlet): Promise<void> {
  await outlet.send([confirmation()]);
  const source =
    request.stream === undefined ? allSource(store, request, outlet) : streamSource(store, request.stream, request);
  let live = false;
  while (outlet.open) {
    const page = source.next(live);
    await outlet.send(await source.frames(page));
    if (page.length > 0) source.assertGoesOn(page);
    else if (live) await outlet.wait((wake) => store.changes.wait(request.stream, wake));
    else {
      live = true;
      await outlet.send([...source.caughtUp(), caughtUp()]);
      continue;
    }
    await store.turns.take();
  }
}

/** What a subscription follows. */
type Source = Readonly<{
  /** The next events; `live` once the subscription has caught up. */
  next: (live: boolean) => StoredEvent[];
  /** What is sent of them. */
  frames: (page: readonly StoredEvent[]) => Promise<Buffer[]>;
  /** What else is sent when the end is reached first. */
  caughtUp: () => Buffer[];
  /** Throws when nothing can come after these events. */
  assertGoesOn: (page: readonly StoredEvent[]) => void;
}>;

/**
 * A subscriber that has caught up with a stream sees everything that comes, also what its metadata hides from reads, and its tombstone
 * at the end.
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
    assertGoesOn(page) {
      if (page.at(-1)?.revision === REVISION_MAX) throw streamDeleted(stream);
    },
  };
}

/** Before which record a subscription goes on, in the protocol's numbers. */
const positionOf = (from: From): Position =>
  from.kind === 'at' ? { commit: from.at, prepare: from.before ? 0n : from.at } : BEFORE_EVERYTHING;

/** The log, with or without a filter. A position names the last event that was seen, or one that is still to come. */
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
    assertGoesOn: () => undefined,
  };
}
