import type { TransportChoice } from './transport.js';

/** The options of `openStores`. */
export type StoresOptions = Readonly<{
  /** Created if missing. */
  dataDirectory: string;
  /** `embedded`, or the `esdb://` URL of an external server. */
  eventstoreUrl: string;
  /** `embedded`, or the `postgres://` URL of an external server. */
  databaseUrl: string;
  /** The append limit of the embedded event store, in bytes. */
  appendBytesMax: number;
  /** How the embedded servers listen; default `auto`. */
  transport?: TransportChoice;
  /** How long to wait for the servers of another process; default 60 s. */
  openTimeoutMs?: number;
  /** Called with events to log. */
  onEvent?: (event: StoresEvent) => void;
}>;

export type StoresEvent =
  | Readonly<{ kind: 'waiting_for_owner' }>
  | Readonly<{ kind: 'opened'; role: 'owner' | 'guest'; durationMs: number }>
  /** This process was a guest and is now the owner. */
  | Readonly<{ kind: 'took_over'; durationMs: number }>
  /** Postgres had ended unexpectedly. */
  | Readonly<{ kind: 'postgres_restarted' }>
  /** Postgres is down and cannot be started; the next attempt follows in 1 s. */
  | Readonly<{ kind: 'postgres_down'; error: Error }>
  /** This process has no file descriptors left to check the servers; the next attempt follows in 1 s. */
  | Readonly<{ kind: 'cannot_look'; error: Error }>;

/** The stores of this process. */
export type Stores = Readonly<{
  eventstoreUrl: string;
  databaseUrl: string;
  /** The owner runs the servers; a guest uses them, and may take over; none: both URLs name external servers. */
  role: 'owner' | 'guest' | 'none';
  /** An owner stops the servers; a guest stops watching the owner. Close your own connections first. */
  close(): Promise<void>;
  /** Resolves when the embedded servers are no longer usable at these URLs: the process should end and restart. */
  failed: Promise<Error>;
}>;
