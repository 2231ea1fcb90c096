import { Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { ProblemError } from '../http/problem.js';
import { Database } from '../read-models/database.js';
import { listParked, wantReplay, type Parking } from '../read-models/parked-streams.js';
import { replayParked, TOLD_MAX, type Replay } from '../read-models/replay.js';
import { NeedsScope } from './auth.guard.js';
import { cursorOf, freshness, idOfCursor, paging, parseQuery, text } from './query.js';

const listing = z.object({ ...paging, projection: text });
const replaying = z.object({ waitMs: freshness.waitMs });
const replayingAll = z.object({ projection: text });
const place = z.tuple([z.string(), z.string()]);

type Summary = Readonly<{
  projection: string; version: number; generation: number; stream: string; since: string; attempts: number; attemptedAt: string; replayWantedAt: string | null;
  revision: string; stripeEventId: string | null; eventType: string | null; cause: string;
}>;
/** Streams that projections could not fold. A replay folds them again from the log; the process that projects does it, whichever was asked. */
@Controller('parked')
@NeedsScope('admin')
export class ParkedController {
  constructor(@Inject(Database) private readonly database: Database) {}

  @Get()
  async list(@Query() query: unknown): Promise<{ data: Summary[]; nextCursor: string | null }> {
    const { projection, limit, cursor } = parseQuery(listing, query);
    const found = await listParked(this.database, { projection, after: cursor === undefined ? undefined : placeOf(cursor) }, limit + 1);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return { data: page.map(summaryOf), nextCursor: found.length > limit && last !== undefined ? cursorOf(JSON.stringify([last.stream, last.line])) : null };
  }

  /** `projection` is its name, for all its versions that are served, or that of one line, e.g. `subscriptions_v1_g2`. */
  @Get(':projection/:stream')
  async one(@Param('projection') projection: string, @Param('stream') stream: string): Promise<{ data: (Summary & { stack: string | null })[] }> {
    const found = await listParked(this.database, { projection, stream }, TOLD_MAX);
    if (found.length === 0) throw notParked(projection, stream);
    return { data: found.map((parking) => ({ ...summaryOf(parking), stack: parking.stack })) };
  }

  @Post(':projection/:stream/replay')
  @HttpCode(200)
  async replay(@Param('projection') projection: string, @Param('stream') stream: string, @Query() query: unknown): Promise<{ outcome: Replay['outcome']; parked: Summary[] }> {
    const replay = await replayParked(this.database, { projection, stream }, parseQuery(replaying, query).waitMs);
    if (replay === null) throw notParked(projection, stream);
    return { outcome: replay.outcome, parked: replay.parked.map(summaryOf) };
  }

  /** All of them, or those of one projection; `/parked` tells what is left. */
  @Post('replay')
  @HttpCode(202)
  async replayAll(@Query() query: unknown): Promise<{ wanted: number }> {
    return { wanted: await wantReplay(this.database, parseQuery(replayingAll, query)) };
  }
}

const notParked = (projection: string, stream: string) =>
  new ProblemError({ status: 404, code: 'not_found', title: 'Not parked', detail: `${stream} is not parked by ${projection}. GET /parked lists what is.` });

function placeOf(cursor: string): readonly [string, string] {
  try {
    return place.parse(JSON.parse(idOfCursor(cursor)));
  } catch (cause) {
    throw new ProblemError({ status: 400, code: 'bad_query', title: 'Bad query', detail: `cursor: must be the nextCursor of the page before (${cause instanceof Error ? cause.name : 'unreadable'})` });
  }
}

const summaryOf = ({ projection, version, generation, stream, since, attempts, attemptedAt, replayWantedAt, revision, stripeEventId, eventType, cause }: Parking): Summary => ({
  projection, version, generation, stream, since: since.toISOString(), attempts, attemptedAt: attemptedAt.toISOString(), replayWantedAt: replayWantedAt?.toISOString() ?? null,
  revision: String(revision), stripeEventId, eventType, cause,
});
