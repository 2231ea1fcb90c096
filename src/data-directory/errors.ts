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

/** The URLs are in use already by the time this is noticed; servers at other ports are of no use to the process that got them. */
export const serversMoved = (dataDirectory: string): StoresError =>
  new StoresError(
    'SERVERS_MOVED',
    `The embedded servers of "${dataDirectory}" were started again at other ports, since theirs had been taken. Start this process again.`,
  );
