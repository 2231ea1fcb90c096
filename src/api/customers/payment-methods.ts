import { paymentMethods } from '../../../projections/payment-methods.js';
import { resourceOf } from '../resource.js';

/** Payment methods, with their expiry. */
export const PAYMENT_METHODS = resourceOf(paymentMethods, 'payment_methods', {
  name: 'payment-methods',
  kind: 'payment method',
});
