import { z } from 'zod';

const names = z.array(z.string().min(1).max(100)).max(100).optional();
const projection = z.string().min(1).max(100);

/** What can be asked for. Names of projections that are left out stand for all. */
export const operationRequest = z.discriminatedUnion('kind', [
  /** Fills new tables and moves the views to them. */
  z.strictObject({
    kind: z.literal('rebuild'),
    projections: names,
    fresh: z.boolean().default(false),
    acceptParked: z.boolean().default(false),
  }),
  /** Fills new tables, reports which rows differ from those that are shown, and drops them. */
  z.strictObject({
    kind: z.literal('dry_run'),
    projections: names,
    fresh: z.boolean().default(false),
    examples: z.int().min(0).max(200).default(50),
  }),
  /** Shows the rows from before the last rebuild again. */
  z.strictObject({ kind: z.literal('rollback'), projection }),
  /** Folds parked streams again: all, those of a projection, those that a cause stopped. */
  z.strictObject({
    kind: z.literal('replay'),
    projection: projection.optional(),
    cause: z.string().min(1).max(2_000).optional(),
  }),
  /** Folds streams again and compares them with their rows: all, some at random, or one. */
  z
    .strictObject({
      kind: z.literal('verify'),
      projections: names,
      sample: z.int().min(1).max(100_000).optional(),
      stream: z.string().min(1).max(600).optional(),
    })
    .refine(({ sample, stream }) => sample === undefined || stream === undefined, {
      path: ['stream'],
      message: 'ask for a sample or for a stream, not for both',
    }),
]);
export type OperationRequest = z.output<typeof operationRequest>;

/**
 * `queued`: no process works at it. `cancelling`: somebody has cancelled it, and its process has not ended it yet. `interrupted`: so many
 * processes died at it that no other takes it up.
 */
export type OperationState = 'queued' | 'running' | 'cancelling' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted';
export const hasEnded = (state: OperationState): boolean => !['queued', 'running', 'cancelling'].includes(state);

/** How far the work is; what cannot be said of it is null. */
export type OperationProgress = Readonly<{
  /** Events of the log, or streams where streams are checked. */
  done: number;
  unit: 'events' | 'streams';
  perSecond: number;
  /** From 0 to 1. */
  share: number | null;
  secondsLeft: number | null;
}>;

/** How an operation stands. Each event of its stream says all of it, so that the last one is enough. */
export type Standing = Readonly<{
  state: OperationState;
  /** How many processes have taken it up. */
  attempts: number;
  /** Tells the process apart that works at it. */
  owner: string | null;
  startedAt: string | null;
  endedAt: string | null;
  progress: OperationProgress | null;
  /** What came of it; its form depends on the kind. */
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

/** What the first event of a stream says. `readModels` is the identity of those that it is about: a log may have several. */
export type Requested = Readonly<{ request: OperationRequest; by: string; requestedAt: string; readModels: string }>;

/** Long work that somebody asked for: what, who, and how it stands. */
export type Operation = Requested & Standing & Readonly<{ id: string; revision: bigint }>;

/** How many processes may take one operation up: one that ends its process every time must not do so for ever. */
export const ATTEMPTS_MAX = 3;
