import { isStoreAway } from '../eventstore/store-errors.js';
import { isDatabaseAway } from '../read-models/database.js';

/**
 * Whether an error says that the store or the database is away, so that the same work is to be done again later. Every other error
 * concerns the one stream that was read, folded or written: it is parked (design, section 5).
 */
export const isAway = (error: unknown): boolean => isStoreAway(error) || isDatabaseAway(error);
