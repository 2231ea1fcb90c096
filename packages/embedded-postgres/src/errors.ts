/** An error of the embedded Postgres. The message says what to do. */
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
