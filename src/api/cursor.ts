import { createHash } from 'node:crypto';

/** The end of a page: the values that the list is ordered by. */
export type CursorPlace = readonly (string | null)[];

/**
 * Returns a cursor: the place after which the next page of a list starts, with a checksum. A truncated or guessed
 * cursor, or one of another list, is rejected instead of answered with an empty page. It is not secret, because it
 * gives access to nothing that its reader may not list, and any process can read it. `list` names the list and its
 * order.
 */
export const cursorOf = (list: string, place: CursorPlace): string => {
  const json = JSON.stringify(place);
  return Buffer.concat([checksum(list, json), Buffer.from(json)]).toString('base64url');
};

const CHECKSUM_BYTES = 6;

const checksum = (list: string, json: string): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([list, json]))
    .digest()
    .subarray(0, CHECKSUM_BYTES);

/** The place in a cursor of this list; null when it is invalid. */
export function placeOfCursor(list: string, cursor: string): CursorPlace | null {
  const bytes = Buffer.from(cursor, 'base64url');
  const json = bytes.subarray(CHECKSUM_BYTES).toString();
  const isOurs = checksum(list, json).equals(bytes.subarray(0, CHECKSUM_BYTES));
  return isOurs ? (JSON.parse(json) as CursorPlace) : null;
}
