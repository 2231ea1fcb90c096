import type { RawEvent } from '../raw-event.js';

/** The last event of a stream that was deleted for ever stands at the highest revision there is. */
const REVISION = 0x7fff_ffff_ffff_ffffn;

export const isTombstone = ({ type, revision }: RawEvent): boolean =>
  type === '$streamDeleted' && revision === REVISION;
