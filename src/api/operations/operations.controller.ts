import { Controller, Delete, Get, Headers, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { projections } from '../../../projections/index.js';
import type { EventStore } from '../../eventstore/event-store.js';
import type { Database } from '../../read-models/database.js';
import { identityOf } from '../../read-models/schema.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { JsonBody } from '../../http/json-body.js';
import { ProblemError } from '../../http/problem.js';
import { TakesBody } from '../../http/rim.js';
import { ask, cancel, listOperations, readOperation } from '../../operations/operation-log.js';
import { operationRequest, type Operation, type OperationRequest } from '../../operations/operation.js';
import { cursorOf, placeOfCursor } from '../cursor.js';
import { badQuery, paging, pathId } from '../query.js';

/** The event store that keeps operations, and the callback for a new one: null where another process projects. */
export const OPERATIONS = Symbol('Operations');
export type OperationsPart = Readonly<{ store: EventStore; database: Database; look: (() => void) | null }>;

/** An operation as answered. */
export type OperationAnswer = Omit<Operation, 'request' | 'revision' | 'owner' | 'readModels'> &
  Readonly<{ request: OperationRequest }>;

const BODY_BYTES_MAX = 16_384;
const KEY = /^[!-~]{1,200}$/;
const listing = z.strictObject({ ...paging });

/** Long-running work on the read models: requested once, inspectable, cancellable, and recorded in the log. */
@Controller('operations')
@NeedsScope('admin')
export class OperationsController {
  constructor(@Inject(OPERATIONS) private readonly part: OperationsPart) {}

  /** Answers 202 for a new request or its repeat. @throws ProblemError 409 for another request with the same key */
  @Post()
  @HttpCode(202)
  @TakesBody(BODY_BYTES_MAX)
  async ask(
    @JsonBody(operationRequest) request: OperationRequest,
    @Headers('idempotency-key') key: string | undefined,
    @AskedBy() asker: Asker,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OperationAnswer> {
    if (key !== undefined && !KEY.test(key))
      throw new ProblemError('bad_request', 'Idempotency-Key: must be 1 to 200 visible ASCII characters');
    assertKnown(request);
    const { store, database } = this.part;
    const readModels = await identityOf(database);
    const made = await ask(store, { request, readModels, by: asker.name, key: key ?? null, now: new Date() });
    if (made.kind === 'key_reused') throw new ProblemError('key_reused');
    this.part.look?.();
    void reply.header('location', `/v1/operations/${made.operation.id}`);
    return answerOf(made.operation);
  }

  @Get()
  async list(
    @Query({ schema: listing }) { cursor, limit }: z.output<typeof listing>,
  ): Promise<{ data: OperationAnswer[]; nextCursor: string | null }> {
    const { operations, before } = await listOperations(this.part.store, { before: placeOf(cursor), max: limit });
    return {
      data: operations.map(answerOf),
      nextCursor: before === null ? null : cursorOf('operations', [String(before)]),
    };
  }

  @Get(':id')
  async one(@Param('id', { schema: pathId }) id: string): Promise<OperationAnswer> {
    const operation = await readOperation(this.part.store, id);
    if (operation === null) throw noOperation(id);
    return answerOf(operation);
  }

  /** Cancels an operation: its process ends it within seconds. One that has ended is unchanged. */
  @Delete(':id')
  async cancel(@Param('id', { schema: pathId }) id: string): Promise<OperationAnswer> {
    const operation = await cancel(this.part.store, id, new Date());
    if (operation === null) throw noOperation(id);
    return answerOf(operation);
  }
}

/** @throws ProblemError 400 for a projection that this build does not have */
function assertKnown(request: OperationRequest): void {
  const names = 'projections' in request ? (request.projections ?? []) : [];
  const unknown = (request.kind === 'rollback' ? [request.projection] : names).find((name) =>
    projections.every((projection) => projection.name !== name),
  );
  if (unknown !== undefined)
    throw new ProblemError(
      'bad_request',
      `Unknown projection "${unknown}". Projections of this build: ${projections.map(({ name }) => name).join(', ')}.`,
    );
}

const noOperation = (id: string) =>
  new ProblemError('not_found', `There is no operation ${id}. GET /v1/operations lists all operations.`);

function placeOf(cursor: string | undefined): bigint | undefined {
  if (cursor === undefined) return undefined;
  const [place] = placeOfCursor('operations', cursor) ?? [];
  if (typeof place !== 'string') throw badQuery('cursor: must be the nextCursor of the previous page');
  return BigInt(place);
}

const answerOf = ({ revision: _, owner: __, readModels: ___, ...answer }: Operation): OperationAnswer => answer;
