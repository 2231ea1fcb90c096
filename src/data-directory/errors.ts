/** Why a process cannot use, or no longer use, the servers of a data directory; the message says what to do about it. */
export class StoresError extends Error {
  override readonly name = 'StoresError';

  constructor(
    readonly code: 'OWNER_NOT_READY' | 'OWNER_LACKS_SERVER' | 'SERVERS_MOVED',
    message: string,
  ) {
    super(message);
  }
}
