import type { Page } from '../page.js';
import { ACCOUNT } from './account.js';
import { ACCESS_CHANGES } from './access-changes.js';
import { ACCESS_HISTORY } from './access-history.js';
import { CLOSING, CLOSINGS } from './closings.js';
import { COHORTS } from './cohorts.js';
import { CUSTOMER } from './customer.js';
import { EVENT } from './event.js';
import { EVENTS } from './events.js';
import { FIND } from './find.js';
import { FINDING, FINDINGS } from './findings.js';
import { HEALTH } from './health.js';
import { ENTRY, JOURNAL } from './journal.js';
import { MOVEMENTS } from './movements.js';
import { MRR } from './mrr.js';
import { MRR_CUSTOMERS } from './mrr-customers.js';
import { OBJECT } from './object.js';
import { OPERATION } from './operation.js';
import { OPERATIONS } from './operations.js';
import { PARKED } from './parked.js';
import { PAYOUT, PAYOUTS } from './payouts.js';
import { PROJECTIONS } from './projections.js';
import { QUARANTINE, QUARANTINED } from './quarantine.js';
import { RETENTION } from './retention.js';
import { REVENUE_OF_MONTH } from './revenue-month.js';
import { REVENUES } from './revenue.js';
import { STREAM } from './stream.js';
import { STRIPE, STRIPE_RUN } from './stripe.js';
import { SUBSCRIPTION } from './subscription.js';
import { TRIAL_BALANCE } from './trial-balance.js';
import { TRIALS } from './trials.js';

export const PAGES: readonly Page[] = [
  HEALTH,
  FIND,
  CUSTOMER,
  ACCESS_HISTORY,
  SUBSCRIPTION,
  EVENT,
  EVENTS,
  STREAM,
  OBJECT,
  QUARANTINE,
  QUARANTINED,
  FINDINGS,
  FINDING,
  STRIPE,
  STRIPE_RUN,
  PROJECTIONS,
  MRR,
  MOVEMENTS,
  MRR_CUSTOMERS,
  RETENTION,
  COHORTS,
  TRIALS,
  REVENUES,
  REVENUE_OF_MONTH,
  TRIAL_BALANCE,
  JOURNAL,
  ENTRY,
  ACCOUNT,
  PAYOUTS,
  PAYOUT,
  CLOSINGS,
  CLOSING,
  OPERATIONS,
  OPERATION,
  ACCESS_CHANGES,
  PARKED,
];
