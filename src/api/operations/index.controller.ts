import { Controller, Get, VERSION_NEUTRAL } from '@nestjs/common';
import { OpenToAll } from '../../http/open-to-all.js';

const INDEX = {
  name: 'subscription-ledger',
  webhook: '/webhooks/stripe',
  reads: [
    '/v1/subscriptions',
    '/v1/customers',
    '/v1/access',
    '/v1/invoices',
    '/v1/payments',
    '/v1/refunds',
    '/v1/disputes',
    '/v1/events',
    '/v1/journal',
    '/v1/trial-balance',
    '/v1/closings',
    '/v1/revenue',
    '/v1/mrr',
  ],
  operations: [
    '/v1/status',
    '/v1/projections',
    '/v1/operations',
    '/v1/parked',
    '/metrics',
    '/health/live',
    '/health/ready',
    '/health/ready/reads',
  ],
  problems: '/problems',
  document: '/openapi.json',
  authorization: 'Reads require "Authorization: Bearer TOKEN". Webhook, health and problems need no token.',
} as const;

/** Describes the service at its root URL: open to all, the same for everyone. */
@Controller({ path: '', version: VERSION_NEUTRAL })
@OpenToAll()
export class IndexController {
  @Get()
  index(): typeof INDEX {
    return INDEX;
  }
}
