import type { TransportChoice } from './transport.js';

/** What `openStores` needs to know. */
export type StoresOptions = Readonly<{
  /** Made when it is missing. */
  dataDirectory: string;
  /** `embedded`, or the `esdb://` URL of a server elsewhere. */
  eventstoreUrl: string;
  /** `embedded`, or the `postgres://` URL of a server elsewhere; what is not `embedded` is handed back as it is. */
  databaseUrl: string;
  /** The append limit of the event store that this process may start, in bytes. */
  appendBytesMax: number;
  /** How the servers listen that this process may start; default `auto`. */
  transport?: TransportChoice;
  /** How long to wait for the servers of another process; default 60 s. */
  openTimeoutMs?: number;
  /** Called with what happens, for the log. */
  onEvent?: (event: StoresEvent) => void;
}>;

export type StoresEvent =
  | Readonly<{ kind: 'waiting_for_owner' }>
  | Readonly<{ kind: 'opened'; role: 'owner' | 'guest'; durationMs: number }>
  /** This process was a guest and is the owner now. */
  | Readonly<{ kind: 'took_over'; durationMs: number }>
  /** Postgres had gone away by itself. */
  | Readonly<{ kind: 'postgres_restarted' }>
  /** Postgres is gone and does not start; the next attempt follows in a second. */
  | Readonly<{ kind: 'postgres_down'; error: Error }>
  /** This process has no file descriptors left to look after the servers; the next attempt follows in a second. */
  | Readonly<{ kind: 'cannot_look'; error: Error }>;

/** The stores of this process. */
export type Stores = Readonly<{
  eventstoreUrl: string;
  databaseUrl: string;
  /** The owner runs the servers; a guest uses them, and becomes the owner when that one goes away; none: both URLs name servers elsewhere. */
  role: 'owner' | 'guest' | 'none';
  /** An owner stops the servers, a guest only its watch over the owner. Close your own connections first. */
  close(): Promise<void>;
  /** Resolves when the embedded servers cannot be used any more at these URLs: the process should end, and start again. */
  failed: Promise<Error>;
}>;
