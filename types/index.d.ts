/** Variables by name, as in docs/configuration.md. Values are strings, as in an environment. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** A ledger that runs in this process, with embedded servers where no URL is configured. */
export type Ledger = Readonly<{
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  url: string;
  /** Resolves with the error when an embedded server fails: stop the ledger then. */
  failed: Promise<Error>;
  /** Finishes requests in flight and stops. Acknowledged events are durable in any case. */
  stop(): Promise<void>;
}>;

/**
 * Starts a ledger inside another program, with its own listener. `variables` are by default the environment, over the
 * file `.env` in the current folder. Logs to standard output.
 *
 * @throws with a message that says what to do, when a variable is wrong, the port is taken, or a server does not start
 */
export declare function startLedger(variables?: Variables): Promise<Ledger>;
