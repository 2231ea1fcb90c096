import { checkoutSessions } from '../../../projections/checkout-sessions.js';
import { resourceOf } from '../resource.js';

/** Checkout Sessions and the objects they created. */
export const CHECKOUT_SESSIONS = resourceOf(checkoutSessions, 'checkout_sessions', {
  name: 'checkout-sessions',
  kind: 'checkout session',
});
