/** Limits of the read API, per process and per token. docs/http-api.md lists them. */
export const LIMITS = {
  /** Reads of the read models: connections to Postgres, and requests waiting for one. */
  reads: { runningMax: 6, runningPerTokenMax: 4, waitingMax: 800, waitingPerTokenMax: 200, waitMs: 5_000 },
  /** Answers about the past: worker threads that fold, and requests waiting for one. */
  past: { runningMax: 2, runningPerTokenMax: 1, waitingMax: 200, waitingPerTokenMax: 50, waitMs: 10_000 },
  /** Replays being requested, in Postgres. */
  replays: { runningMax: 1, runningPerTokenMax: 1, waitingMax: 200, waitingPerTokenMax: 100, waitMs: 5_000 },
  /** Refreshes of single objects from Stripe in flight. */
  refreshes: { max: 4, perTokenMax: 2 },
  /** Requests waiting for a log position, or for a replay. */
  waits: { max: 1_000, perTokenMax: 500 },
  /** Exports in progress; each holds a read connection for its duration. */
  exports: { max: 2, perTokenMax: 1 },
  /** Connections of intake, for the index of event ids. */
  indexConnectionsMax: 2,
  indexAnswerMs: 1_000,
  /** Connections for everything else: the position, live updates, health. */
  operationsConnectionsMax: 4,
  operationsStatementMs: 5_000,
  /** What one answer about the past may read, and how long a thread may take. */
  pastReading: { streamsMax: 1_000, eventsMax: 10_000, bytesMax: 64 * 1024 * 1024 },
  pastAnswerMs: 30_000,
  /**
   * Events: how many log events a page reads, and for how long; how many events and rows it lists; concurrent streams.
   */
  events: {
    searchedMax: 5_000,
    searchMs: 2_000,
    quarantinedMax: 500,
    changedMax: 200,
    readers: { max: 20, perTokenMax: 10 },
  },
  /** Requests that wait for changes of access, and streams of them. */
  accessReaders: { max: 100, perTokenMax: 50 },
  /** The timelines that a thread caches, and for how long. */
  timelines: { bytesMax: 32 * 1024 * 1024, keptMs: 30_000 },
  /** A page of a timeline ends early beyond this size. */
  timelinePageBytesMax: 4 * 1024 * 1024,
  /** Unread bytes of answers over all clients; live updates count separately. */
  answersBytesMax: 64 * 1024 * 1024,
  /** Unread bytes over all readers of live updates. */
  liveBytesMax: 64 * 1024 * 1024,
} as const;
