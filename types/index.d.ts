/** Variables by name, as docs/configuration.md lists them. Values are texts, as in an environment. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** A ledger that runs in this process, with the embedded servers that no URL stands for. */
export type Ledger = Readonly<{
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  url: string;
  /** Resolves with the error when an embedded server cannot go on: stop the ledger then. */
  failed: Promise<Error>;
  /** Finishes what is in flight, and stops. What was acknowledged is durable anyway. */
  stop(): Promise<void>;
}>;

/**
 * Starts a ledger inside another program, at a listener of its own. `variables` are by default the environment, over a file `.env` in
 * the current folder. Its log goes to standard output.
 *
 * @throws with a message that says what to do, when a variable is wrong, the port is taken, or a server does not start
 */
export declare function startLedger(variables?: Variables): Promise<Ledger>;
