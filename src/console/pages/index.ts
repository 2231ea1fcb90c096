import type { Page } from '../page.js';
import { CUSTOMER } from './customer.js';
import { FIND } from './find.js';
import { HEALTH } from './health.js';

/** All pages; of two that fit an address the first is taken. */
export const PAGES: readonly Page[] = [HEALTH, FIND, CUSTOMER];
