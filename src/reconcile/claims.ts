/**
 * Who asks Stripe by itself, and how often it may: in the stream of the coverage, so that one process of many does it, and a restart
 * does not refill the budget of a day.
 */
import { readStreamBack } from '../eventstore/read.js';
import type { EventStore } from '../eventstore/event-store.js';
import { coverageStreamOf, type Account } from './coverage.js';
import { append } from './run-log.js';

/** A process asks until `until`, at most `reserved` times. Milliseconds by the clock of the process. */
export type Claim = Readonly<{
  kind: 'claim';
  by: string;
  at: number;
  until: number;
  reserved: number;
  /** How often it asked under its claim before this one. */
  spent: number;
}>;

/** Requests and listed events of the last 24 hours. */
export type Spent = Readonly<{
  requests: readonly Readonly<{ at: number; requests: number }>[];
  /** Of these what the claim in hand reserves: nobody has said yet how much of it was asked. */
  inHand: number;
  listed: number;
}>;

const DAY_MS = 86_400_000;
/** Claims of a day are fewer than one a minute. */
const READ_MAX = 10_000;

export type Standing = Readonly<{ last: Claim | null; revision: bigint; spent: Spent }>;

/** Who asked in the last 24 hours, and how often. What a claim did not settle counts as asked. */
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
    requests.push({ at: event.at, requests: later?.by === event.by ? later.spent : event.reserved });
    later = event;
  }
  const inHand = last !== null && last.until > now ? last.reserved : 0;
  return { last, revision, spent: { requests, inHand, listed } };
}

/** Takes the right to ask; false where another process was faster. */
export const claim = (store: EventStore, whose: Account, data: Claim, revision: bigint): Promise<boolean> =>
  append(store, coverageStreamOf(whose), { type: 'ledger.claim', data, revision });
