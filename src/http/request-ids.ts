import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The header that identifies a request in logs and problems; a client may choose it. */
export const REQUEST_ID = 'x-request-id';

/** Text that is valid as is in a header, a URN and a log line. */
const WELL_FORMED = /^[\w.:-]{1,128}$/;

/** The client's own request id, or a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers[REQUEST_ID];
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : randomUUID();
}
