/** What can go wrong with the embedded Postgres; the message says what to do about it. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';

  constructor(
    readonly code: 'NO_BINARIES' | 'UNREACHABLE_DIRECTORY' | 'PROGRAM_FAILED' | 'NOT_ANSWERING',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
