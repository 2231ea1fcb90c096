import { customers } from '../../../projections/customers.js';
import { resourceOf } from '../resource.js';

/** Customers with events of their own. */
export const CUSTOMERS = resourceOf(customers, 'customers', { name: 'customers', kind: 'customer' });
