/** What the read API lets one process, and one token, have at a time. docs/http-api.md lists them. */
export const LIMITS = {
  /** Reads of the read models: connections to Postgres, and requests that wait for one. */
  reads: { runningMax: 6, runningPerTokenMax: 4, waitingMax: 800, waitingPerTokenMax: 200, waitMs: 5_000 },
  /** Answers about the past: threads that fold, and requests that wait for one. */
  past: { runningMax: 2, runningPerTokenMax: 1, waitingMax: 200, waitingPerTokenMax: 50, waitMs: 10_000 },
  /** Replays that are being asked for, in Postgres. */
  replays: { runningMax: 1, runningPerTokenMax: 1, waitingMax: 200, waitingPerTokenMax: 100, waitMs: 5_000 },
  /** Looks at single objects at Stripe under way. */
  refreshes: { max: 4, perTokenMax: 2 },
  /** Requests that wait for a position of the log, or for a replay. */
  waits: { max: 1_000, perTokenMax: 500 },
  /** Exports under way; each has a connection of the reads for as long as it takes. */
  exports: { max: 2, perTokenMax: 1 },
  /** Connections of intake, for the index of event ids. */
  indexConnectionsMax: 2,
  indexAnswerMs: 1_000,
  /** Connections of the process for all else: the position, live updates, health. */
  operationsConnectionsMax: 4,
  operationsStatementMs: 5_000,
  /** What one answer about the past may read, and for how long a thread may work at it. */
  pastReading: { streamsMax: 1_000, eventsMax: 10_000, bytesMax: 64 * 1024 * 1024 },
  pastAnswerMs: 30_000,
  /** Events: how many of the log one page looks at, and for how long; how many it may name; who may follow them. */
  events: {
    searchedMax: 5_000,
    searchMs: 2_000,
    quarantinedMax: 500,
    changedMax: 200,
    readers: { max: 20, perTokenMax: 10 },
  },
  /** Who waits for changes of access, or follows them. */
  accessReaders: { max: 100, perTokenMax: 50 },
  /** The timelines that a thread keeps, and for how long. */
  timelines: { bytesMax: 32 * 1024 * 1024, keptMs: 30_000 },
  /** A page of a timeline ends early beyond this. */
  timelinePageBytesMax: 4 * 1024 * 1024,
  /** Bytes of answers that all clients together have not taken yet; live updates are counted apart. */
  answersBytesMax: 64 * 1024 * 1024,
  /** Bytes that all readers of live updates together have not taken yet. */
  liveBytesMax: 64 * 1024 * 1024,
} as const;
