import { movedIn } from '../../../derivations/journal/moved.js';
import { VIEWS } from './views.js';

/** SQL of the amounts moved on accounts per month, from the live generation. */
export const MOVED = movedIn(VIEWS);
