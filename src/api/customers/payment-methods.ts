import { paymentMethods } from '../../../projections/payment-methods.js';
import { resourceOf } from '../resource.js';

/** Ways to pay, with their expiry. */
export const PAYMENT_METHODS = resourceOf(paymentMethods, 'payment_methods', {
  name: 'payment-methods',
  kind: 'payment method',
});
