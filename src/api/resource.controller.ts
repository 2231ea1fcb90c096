import { filtersOf } from '../../projections/filters.js';
import { Controller, Get, Inject, Param, Query, type Type } from '@nestjs/common';
import { z, type ZodType } from 'zod';
import { AskedBy, type Asker } from '../http/asker.js';
import type { Listing } from '../read-models/listing.js';
import { NeedsScope } from '../http/auth.guard.js';
import { AnswersJson, type Answer } from './answer.js';
import type { Books } from './books/books.js';
import { SETTLED_BOOKS } from './books/tokens.js';
import { counting, listingOf, listQuery, type AskedList, type Page } from './lists.js';
import { freshnessOf, moment, momentOf, NO_OWNER, ownerOf, revision } from './past/as-of.js';
import { PastThreads } from './past/past-threads.js';
import { badQuery, freshness, pathId } from './query.js';
import { ReadPosition } from './read-position.js';
import { Reads } from './reads.js';
import { findCounted, findOne, type Resource } from './resource.js';

/** The two routes of a resource: one object by its id, and the list. */
export const controllersOf = (resource: Resource): Type<unknown>[] => [
  listControllerOf(resource),
  oneControllerOf(resource, `${resource.name}/:id`),
];

/** The route of one object of a resource, by its id in the path. */
export function oneControllerOf(resource: Resource, path: string): Type<unknown> {
  const reading = z.strictObject(freshness);

  @Controller(path)
  @NeedsScope('read')
  class OneController {
    constructor(
      @Inject(Reads) private readonly reads: Reads,
      @Inject(ReadPosition) private readonly position: ReadPosition,
    ) {}

    @Get()
    async one(
      @Param('id', { schema: pathId }) id: string,
      @Query({ schema: reading }) asked: z.output<typeof reading>,
      @AskedBy() asker: Asker,
    ): Promise<Answer> {
      await this.position.satisfy(asked, asker);
      return this.reads.by(asker).snapshot((connection) => findOne(connection, resource, id));
    }
  }
  return OneController;
}

/** The list route of a resource; `listing` validates its query. */
export function listControllerOf(resource: Resource, listing = listQuery(resource, { more: counting })): Type<unknown> {
  @Controller(resource.name)
  @NeedsScope('read')
  class ListController {
    constructor(
      @Inject(Reads) private readonly reads: Reads,
      @Inject(ReadPosition) private readonly position: ReadPosition,
    ) {}

    @Get()
    async list(@Query({ schema: listing }) asked: z.output<typeof listing>, @AskedBy() asker: Asker): Promise<Page> {
      const wanted = listingOf(resource, asked);
      await this.position.satisfy(asked, asker);
      return this.reads.by(asker).snapshot((connection) => findCounted(connection, resource, wanted, asked.count));
    }
  }
  return ListController;
}

/**
 * The routes of a resource with a past: one object, the list, and the list of a customer's, each also as of a moment.
 */
export function controllerWithPast(resource: Resource & Required<Pick<Resource, 'past'>>): Type<unknown> {
  const { name, past } = resource;
  const ofOne = z.strictObject({ ...freshness, ...moment, revision });
  const reading: ZodType<z.output<typeof ofOne>> = past.hasRevisions
    ? ofOne
    : z.strictObject({ ...freshness, ...moment });
  const listing = listQuery(resource, { more: { ...moment, ...counting } }).refine(
    (asked) => momentOf(asked) === null || ownerOf(asked) !== null,
    NO_OWNER,
  );
  const listingOfCustomer = listQuery(resource, { more: { ...moment, ...counting }, fixed: ['customer'] });

  @Controller()
  @NeedsScope('read')
  class ResourceController {
    constructor(
      @Inject(Reads) private readonly reads: Reads,
      @Inject(ReadPosition) private readonly position: ReadPosition,
      @Inject(PastThreads) private readonly threads: PastThreads,
      @Inject(SETTLED_BOOKS) private readonly settled: Books,
    ) {}

    @Get(`${name}/:id`)
    @AnswersJson()
    async one(
      @Param('id', { schema: pathId }) id: string,
      @Query({ schema: reading }) asked: z.output<typeof ofOne>,
      @AskedBy() asker: Asker,
    ): Promise<Answer | Buffer> {
      // An object with its own stream is folded from the log directly; the others are located through the read models.
      await this.position.satisfy(past.hasRevisions ? asked : freshnessOf(asked), asker);
      const at = momentOf(asked);
      if (at !== null) return this.threads.ask({ kind: past.kind, id, at }, asker);
      return this.reads.by(asker).snapshot((connection) => findOne(connection, resource, id));
    }

    @Get(name)
    @AnswersJson()
    list(@Query({ schema: listing }) asked: AskedList, @AskedBy() asker: Asker): Promise<Page | Buffer> {
      return this.page(asked, asker);
    }

    @Get(`customers/:id/${name}`)
    @AnswersJson()
    ofCustomer(
      @Param('id', { schema: pathId }) customer: string,
      @Query({ schema: listingOfCustomer }) asked: AskedList,
      @AskedBy() asker: Asker,
    ): Promise<Page | Buffer> {
      return this.page({ ...asked, customer: [customer] }, asker);
    }

    private async page(asked: AskedList, asker: Asker): Promise<Page | Buffer> {
      const wanted = listingOf(resource, asked);
      await this.position.satisfy(freshnessOf(asked), asker);
      if (isMoved(resource, wanted)) await this.settled.satisfy(freshnessOf(asked), asker);
      const [at, owner] = [momentOf(asked), ownerOf(asked)];
      const known = filtersOf(resource.table);
      const ofToday = Object.keys(wanted.filters).find(
        (name) => Object.hasOwn(resource.own ?? {}, name) && !known.has(name),
      );
      if (at !== null && ofToday !== undefined) throw badQuery(`${ofToday}: is available only without asOf`);
      if (at !== null && asked.count === true) throw badQuery('count: is available only without asOf');
      if (at === null || owner === null)
        return this.reads.by(asker).snapshot((connection) => findCounted(connection, resource, wanted, asked.count));
      return this.threads.ask({ kind: past.page, listing: wanted, owner, at }, asker);
    }
  }
  return ResourceController;
}

/** Whether a list filters by a status that other tables may change; the request then waits for these tables too. */
const isMoved = ({ moved }: Resource, { filters }: Listing): boolean =>
  moved !== undefined &&
  filters[moved.column]?.some((value) => [...moved.from, ...moved.to].includes(String(value))) === true;
