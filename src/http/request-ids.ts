import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The header that identifies a request in logs and problems; a client may choose it. */
export const REQUEST_ID = 'x-request-id';

/** What can stand in a header, a URN and a line of the log as it is. */
const WELL_FORMED = /^[\w.:-]{1,128}$/;

/** The client's own id of a request, or a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers[REQUEST_ID];
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : randomUUID();
}
