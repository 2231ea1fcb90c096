import { customers } from '../../../projections/customers.js';
import { resourceOf } from '../resource.js';

/** Customers of whom events of their own have told. */
export const CUSTOMERS = resourceOf(customers, 'customers', { name: 'customers', kind: 'customer' });
