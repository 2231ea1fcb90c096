/**
 * Claims: which process polls Stripe, and how often it may. They are in the coverage stream, so that only one process
 * polls, and a restart does not refill the daily budget.
 */
import { readStreamBack } from '../eventstore/read.js';
import type { EventStore } from '../eventstore/event-store.js';
import { coverageStreamOf, type Account } from './coverage.js';
import { append } from './run-log.js';

/** A process polls until `until`, with at most `reserved` requests. Milliseconds by the clock of the process. */
export type Claim = Readonly<{
  kind: 'claim';
  by: string;
  at: number;
  until: number;
  reserved: number;
  /** The requests it made under its previous claim. */
  spent: number;
}>;

/** Requests and listed events of the last 24 hours. */
export type Spent = Readonly<{
  requests: readonly Readonly<{ at: number; requests: number }>[];
  /** The part of them that the current claim reserves; how many were made is not yet known. */
  inHand: number;
  listed: number;
}>;

const DAY_MS = 86_400_000;
/** Enough for a day: claims are fewer than one a minute. */
const READ_MAX = 10_000;

export type Standing = Readonly<{ last: Claim | null; revision: bigint; spent: Spent }>;

/** The claims and requests of the last 24 hours. A claim that was not settled counts in full. */
export async function readClaims(store: EventStore, whose: Account, now: number): Promise<Standing> {
  let last: Claim | null = null;
  let later: Claim | null = null;
  let revision = -1n;
  let listed = 0;
  const requests: { at: number; requests: number }[] = [];
  for await (const { data, revision: at, recordedAt } of readStreamBack(store, coverageStreamOf(whose), {
    max: READ_MAX,
  })) {
    if (revision === -1n) revision = at;
    if (recordedAt.getTime() < now - DAY_MS) break;
    const event = data as Claim | Readonly<{ kind: 'covered' | 'gap'; listed?: number }>;
    if (event.kind !== 'claim') {
      listed += event.listed ?? 0;
      continue;
    }
    last ??= event;
    // A process reports what it spent under a claim in its next claim.
    requests.push({ at: event.at, requests: later?.by === event.by ? later.spent : event.reserved });
    later = event;
  }
  const inHand = last !== null && last.until > now ? last.reserved : 0;
  return { last, revision, spent: { requests, inHand, listed } };
}

/** Claims the right to poll; false when another process was faster. */
export const claim = (store: EventStore, whose: Account, data: Claim, revision: bigint): Promise<boolean> =>
  append(store, coverageStreamOf(whose), { type: 'ledger.claim', data, revision });
