import { z } from 'zod';

const names = z.array(z.string().min(1).max(100)).max(100).optional();
const projection = z.string().min(1).max(100);

/** The possible requests. Omitted projection names mean all. */
export const operationRequest = z.discriminatedUnion('kind', [
  /** Builds new tables and switches the views to them. */
  z.strictObject({
    kind: z.literal('rebuild'),
    projections: names,
    fresh: z.boolean().default(false),
    acceptParked: z.boolean().default(false),
  }),
  /** Builds new tables, reports the differences to the displayed rows, and drops the tables. */
  z.strictObject({
    kind: z.literal('dry_run'),
    projections: names,
    fresh: z.boolean().default(false),
    examples: z.int().min(0).max(200).default(50),
  }),
  /** Displays the rows from before the last rebuild again. */
  z.strictObject({ kind: z.literal('rollback'), projection }),
  /** Replays parked streams: all, those of a projection, or those with a certain cause. */
  z.strictObject({
    kind: z.literal('replay'),
    projection: projection.optional(),
    cause: z.string().min(1).max(2_000).optional(),
  }),
  /** Verifies streams against their rows: all, a random sample, or one. */
  z
    .strictObject({
      kind: z.literal('verify'),
      projections: names,
      sample: z.int().min(1).max(100_000).optional(),
      stream: z.string().min(1).max(600).optional(),
    })
    .refine(({ sample, stream }) => sample === undefined || stream === undefined, {
      path: ['stream'],
      message: 'give a sample or a stream, not both',
    }),
]);
export type OperationRequest = z.output<typeof operationRequest>;

/**
 * `queued`: no process runs it. `cancelling`: it was cancelled, and its process has not ended it yet. `interrupted`:
 * ATTEMPTS_MAX processes died while running it.
 */
export type OperationState = 'queued' | 'running' | 'cancelling' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted';
export const hasEnded = (state: OperationState): boolean => !['queued', 'running', 'cancelling'].includes(state);

/** The progress of the work; unknown values are null. */
export type OperationProgress = Readonly<{
  /** The number of events, or of streams when streams are verified. */
  done: number;
  unit: 'events' | 'streams';
  perSecond: number;
  /** From 0 to 1. */
  share: number | null;
  secondsLeft: number | null;
}>;

/** The state of an operation. Each event of its stream contains all of it, so the last one is enough. */
export type Standing = Readonly<{
  state: OperationState;
  /** How many processes have claimed it. */
  attempts: number;
  /** Identifies the process that runs it. */
  owner: string | null;
  startedAt: string | null;
  endedAt: string | null;
  progress: OperationProgress | null;
  /** The result; its form depends on the kind. */
  result: Readonly<Record<string, unknown>> | null;
  /** Why it failed, or did not do what was asked. */
  cause: string | null;
}>;

export const QUEUED: Standing = {
  state: 'queued',
  attempts: 0,
  owner: null,
  startedAt: null,
  endedAt: null,
  progress: null,
  result: null,
  cause: null,
};

/** The first event of a stream. `readModels` identifies the target database, since a log may have several. */
export type Requested = Readonly<{ request: OperationRequest; by: string; requestedAt: string; readModels: string }>;

/** Long-running work on request: the request, the requester, and the state. */
export type Operation = Requested & Standing & Readonly<{ id: string; revision: bigint }>;

/** The most processes that may claim one operation, so that one that crashes its process is not retried for ever. */
export const ATTEMPTS_MAX = 3;
