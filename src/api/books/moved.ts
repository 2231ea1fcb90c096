import { movedIn } from '../../../derivations/journal/moved.js';
import { VIEWS } from './views.js';

/** SQL of all that moved on accounts in months, by what is shown. */
export const MOVED = movedIn(VIEWS);
