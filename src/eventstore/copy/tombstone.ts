import type { RawEvent } from '../raw-event.js';

/** A tombstoned stream ends with an event at the highest possible revision. */
const REVISION = 0x7fff_ffff_ffff_ffffn;

export const isTombstone = ({ type, revision }: RawEvent): boolean =>
  type === '$streamDeleted' && revision === REVISION;
