import { latestOf } from '../eventstore/own-streams.js';
import type { EventStore } from '../eventstore/event-store.js';
import { coverageStreamOf, type Account } from './coverage.js';
import { append } from './run-log.js';
import { fetchThin, type Fetched } from './thin-events.js';
import type { RecorderParts } from './recorder.js';
import { whoseOf, type Session } from './session.js';
import { unknownToStripe, type Suspect } from './unknown-events.js';

/** How far the checks of the log against Stripe have come, in the coverage stream. Positions are decimals. */
export type Followed = Readonly<{
  kind: 'followed';
  /** Thin events are fetched up to this position. */
  thinTo: string | null;
  /** Webhook events up to this position are known to Stripe, except for the suspects. */
  knownTo: string | null;
  suspects: readonly Suspect[];
}>;

export type FollowNews = Readonly<{ fetched: readonly Fetched[]; unknown: readonly Suspect[]; trouble: string | null }>;

const NOTHING: Followed = { kind: 'followed', thinTo: null, knownTo: null, suspects: [] };
/** How many events to read back for the latest `followed`. */
const LOOK_BACK = 1_000;

/** Processes what arrived since the last call: fetches thin events, and checks webhooks that Stripe does not list. */
export async function follow(
  {
    session,
    listed,
    connected = () => null,
    ...parts
  }: RecorderParts & {
    session: Session;
    listed: ReadonlySet<string>;
    /** The session of a connected account of `session`, if it is watched. */
    connected?: (account: string) => Session | null;
  },
  { coveredTo, now, nowMs = Date.now() }: { coveredTo: number; now: number; nowMs?: number },
): Promise<FollowNews> {
  const { store } = parts;
  const { api } = session;
  const whose = whoseOf(session);
  const before = await readFollowed(store, session);
  const apiOf = (account: string) => (account === session.account ? api : (connected(account)?.api ?? null));
  const thin = await fetchThin({ ...parts, api, whose, run: null }, positionOf(before.thinTo), apiOf);
  const { suspects } = before;
  const asked = { whose, after: positionOf(before.knownTo), suspects, listed, coveredTo, now, nowMs };
  const known = await unknownToStripe({ store, api }, asked);
  const after: Followed = {
    kind: 'followed',
    thinTo: textOf(thin.to),
    knownTo: textOf(known.to),
    suspects: known.suspects,
  };
  if (JSON.stringify(after) !== JSON.stringify(before)) await sayFollowed(store, session, after);
  return { fetched: thin.fetched, unknown: known.unknown, trouble: thin.refusal?.message ?? null };
}

const positionOf = (text: string | null): bigint | null => (text === null ? null : BigInt(text));
const textOf = (position: bigint | null): string | null => (position === null ? null : String(position));

async function readFollowed(store: EventStore, whose: Account): Promise<Followed> {
  const events = await latestOf(store, coverageStreamOf(whose), { max: LOOK_BACK });
  const contents = events.map(({ data }) => data as Followed | Readonly<{ kind: string }>);
  return contents.find((event): event is Followed => event.kind === 'followed') ?? NOTHING;
}

/** Only the process with the claim follows; if another one appends at the same moment, it has taken over. */
async function sayFollowed(store: EventStore, whose: Account, followed: Followed): Promise<void> {
  const [last] = await latestOf(store, coverageStreamOf(whose), { max: 1 });
  await append(store, coverageStreamOf(whose), {
    type: 'ledger.followed',
    data: followed,
    revision: last?.revision ?? -1n,
  });
}
