import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { includesScope, Tokens, type Visitor } from '../http/tokens.js';
import { Ledger, type Ask } from './ledger.js';
import { masked } from './mask.js';

/** Calls the routes of this process through all their guards, checks and limits. */
@Injectable()
export class OwnApi {
  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(Tokens) private readonly tokens: Tokens,
  ) {}

  /** The ledger for one request. A visitor with the scope `access` alone sees reads with personal data masked. */
  for(visitor: Visitor, { id }: Pick<FastifyRequest, 'id'>): Ledger {
    const maySeePersons = includesScope(visitor.scope, 'read');
    const asker: Visitor = maySeePersons ? visitor : { ...visitor, scope: 'read' };
    const ask: Ask = (method, url, { body, headers = {} }) =>
      this.tokens.lend(asker, async (pass) => {
        const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
        const { statusCode: status, rawPayload } = await fastify.inject({
          method,
          url,
          headers: { ...headers, authorization: `Pass ${pass}`, 'x-request-id': id },
          ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
        });
        return { status, body: rawPayload };
      });
    return new Ledger(ask, maySeePersons ? undefined : masked);
  }
}
