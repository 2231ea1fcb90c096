import { invoices } from './invoices.js';
import type { AnyProjection } from './projection.js';
import { subscriptions } from './subscriptions.js';

/** Every read model of this build. A new projection is one file, one spec, and one line here. */
export const projections: readonly AnyProjection[] = [subscriptions, invoices];
