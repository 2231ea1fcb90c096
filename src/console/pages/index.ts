import type { Page } from '../page.js';
import { CUSTOMER } from './customer.js';
import { EVENT } from './event.js';
import { EVENTS } from './events.js';
import { FIND } from './find.js';
import { FINDING, FINDINGS } from './findings.js';
import { HEALTH } from './health.js';
import { OBJECT } from './object.js';
import { PARKED } from './parked.js';
import { PROJECTIONS } from './projections.js';
import { QUARANTINE, QUARANTINED } from './quarantine.js';
import { STREAM } from './stream.js';
import { SUBSCRIPTION } from './subscription.js';

export const PAGES: readonly Page[] = [
  HEALTH,
  FIND,
  CUSTOMER,
  SUBSCRIPTION,
  EVENT,
  EVENTS,
  STREAM,
  OBJECT,
  QUARANTINE,
  QUARANTINED,
  FINDINGS,
  FINDING,
  PROJECTIONS,
  PARKED,
];
