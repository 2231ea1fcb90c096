import { z } from 'zod';
import { OBJECTS } from '../../reconcile/run-kinds.js';

const objects = z.array(z.enum(OBJECTS)).max(100);
const second = z.iso
  .datetime({ error: 'must be a time, e.g. 2026-11-01T00:00:00Z' })
  .transform((text) => Math.floor(Date.parse(text) / 1_000));
const any = {
  /** Label of the key, where there are several. */
  key: z.string().min(1).max(100).optional(),
  /** A connected account of the key's account; by default the key's own account. */
  account: z
    .string()
    .regex(/^acct_\w{1,100}$/, { error: 'must be an account, e.g. acct_1' })
    .optional(),
  /** The most requests to Stripe. */
  budget: z.int().min(1).max(10_000_000).optional(),
  /** Starts anew, even where an earlier backfill could continue. */
  new: z.boolean().default(false),
};

/** The runs that can be requested. */
export const runRequest = z.discriminatedUnion('kind', [
  /** Reads what Stripe has, and records what the log lacks; continues a stopped run. */
  z.strictObject({
    kind: z.literal('backfill'),
    ...any,
    only: objects.min(1).optional(),
    with: objects.min(1).optional(),
    since: second.optional(),
    dryRun: z.boolean().optional(),
  }),
  /** Appends events that were never delivered. */
  z.strictObject({ kind: z.literal('recover'), ...any, since: second.optional(), dryRun: z.boolean().optional() }),
  /** Compares the ledger with Stripe; with `repair`, appends the differences. */
  z.strictObject({
    kind: z.literal('reconcile'),
    ...any,
    all: z.boolean().default(false),
    only: objects.default([]),
    repair: z.boolean().default(false),
    max: z.int().min(1).max(100_000).default(100),
    /** Checks this many random objects instead of lists. */
    sample: z.int().min(1).max(100_000).optional(),
  }),
  /** Fetches balance transactions and payouts, and compares them with charges, refunds and the balance. */
  z.strictObject({ kind: z.literal('money'), ...any }),
]);
export type RunRequest = z.output<typeof runRequest>;
