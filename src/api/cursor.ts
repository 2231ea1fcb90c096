import { createHash } from 'node:crypto';

/** Where in a list a page ends: what its rows are ordered by. */
export type CursorPlace = readonly (string | null)[];

/**
 * A cursor says after which place of which list the next page starts, and bears a checksum over that: one that was cut, guessed,
 * or made by another list is refused, not answered with an empty page. It is no secret, since it leads to nothing that
 * its reader may not list; so every process reads those of the others. `list` names the list and its order.
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

/** The place that a cursor of this list names; null when it is none. */
export function placeOfCursor(list: string, cursor: string): CursorPlace | null {
  const bytes = Buffer.from(cursor, 'base64url');
  const json = bytes.subarray(CHECKSUM_BYTES).toString();
  const isOurs = checksum(list, json).equals(bytes.subarray(0, CHECKSUM_BYTES));
  return isOurs ? (JSON.parse(json) as CursorPlace) : null;
}
