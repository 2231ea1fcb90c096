/** What `openStores` needs to know. */
export type StoresOptions = Readonly<{
  /** Made when it is missing. */
  dataDirectory: string;
  /** `embedded`, or the `esdb://` URL of a server elsewhere. */
  eventstoreUrl: string;
  /** `embedded`, or the `postgres://` URL of a server elsewhere. */
  databaseUrl: string;
  /** Told what happens, for the log. */
  onEvent?: (event: StoresEvent) => void;
}>;

export type StoresEvent =
  | Readonly<{ kind: 'waiting_for_owner' }>
  | Readonly<{ kind: 'opened' | 'took_over'; role: 'owner' | 'guest'; durationMs: number }>;

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
