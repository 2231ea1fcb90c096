import type { AppenderLimits } from '../../src/eventstore/appender.js';

/** Wide enough for most tests of appenders; tests of one limit set it themselves. */
export const APPENDER_LIMITS: AppenderLimits = {
  waitingMax: 1_000,
  waitingBytesMax: 1 << 26,
  waitMsMax: 30_000,
  streamsMax: 16,
  sharedBytesMax: 1 << 19,
  appendBytesMax: 1 << 20,
  cachedIdsMax: 100_000,
  timeoutMs: 2_000,
};
