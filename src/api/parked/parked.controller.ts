import { Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { ProblemError } from '../../http/problem.js';
import { listParked, type Parking } from '../../read-models/parked-streams.js';
import { LISTED_MAX, type Replay } from '../../read-models/replay.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { cursorOf, placeOfCursor } from '../cursor.js';
import { badQuery, freshness, paging, pathPart, text } from '../query.js';
import { Reads } from '../reads.js';
import { Replays } from './replays.js';

const listing = z.strictObject({ ...paging, projection: text });
const replaying = z.strictObject({ waitMs: freshness.waitMs });
const replayingAll = z.strictObject({ projection: text });

type Summary = Readonly<{
  projection: string;
  version: number;
  generation: number;
  stream: string;
  since: string;
  attempts: number;
  attemptedAt: string;
  replayWantedAt: string | null;
  revision: string;
  stripeEventId: string | null;
  eventType: string | null;
  cause: string;
}>;
/**
 * Streams that projections could not fold. A replay folds them again from the log; the projecting process does it,
 * whichever process receives the request.
 */
@Controller('parked')
@NeedsScope('admin')
export class ParkedController {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(Replays) private readonly replays: Replays,
  ) {}

  @Get()
  async list(
    @Query({ schema: listing }) asked: z.output<typeof listing>,
    @AskedBy() asker: Asker,
  ): Promise<{ data: Summary[]; nextCursor: string | null }> {
    const { projection, limit, cursor } = asked;
    const after = cursor === undefined ? undefined : placeOf(cursor);
    const found = await this.reads
      .by(asker)
      .snapshot((connection) => listParked(connection, { projection, after }, limit + 1));
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      data: page.map(summaryOf),
      nextCursor: found.length > limit && last !== undefined ? cursorOf('parked', [last.stream, last.name]) : null,
    };
  }

  /** `projection`: a projection (all its live generations), or one checkpoint, e.g. `subscriptions_v1_g2`. */
  @Get(':projection/:stream')
  async one(
    @Param('projection', { schema: pathPart('projection') }) projection: string,
    @Param('stream', { schema: pathPart('stream') }) stream: string,
    @AskedBy() asker: Asker,
  ): Promise<{ data: (Summary & { stack: string | null })[] }> {
    const found = await this.reads
      .by(asker)
      .snapshot((connection) => listParked(connection, { projection, stream }, LISTED_MAX));
    if (found.length === 0) throw notParked(projection, stream);
    return { data: found.map((parking) => ({ ...summaryOf(parking), stack: parking.stack })) };
  }

  @Post(':projection/:stream/replay')
  @HttpCode(200)
  async replay(
    @Param('projection', { schema: pathPart('projection') }) projection: string,
    @Param('stream', { schema: pathPart('stream') }) stream: string,
    @Query({ schema: replaying }) asked: z.output<typeof replaying>,
    @AskedBy() asker: Asker,
  ): Promise<{ outcome: Replay['outcome']; parked: Summary[] }> {
    const replay = await this.replays.replay({ projection, stream }, { waitMs: asked.waitMs, asker });
    if (replay === null) throw notParked(projection, stream);
    return { outcome: replay.outcome, parked: replay.parked.map(summaryOf) };
  }

  /** Requests a replay of all parked streams, or those of one projection; `/parked` lists the remaining ones. */
  @Post('replay')
  @HttpCode(202)
  async replayAll(
    @Query({ schema: replayingAll }) asked: z.output<typeof replayingAll>,
    @AskedBy() asker: Asker,
  ): Promise<{ wanted: number }> {
    return { wanted: await this.replays.want(asked, asker) };
  }
}

const notParked = (projection: string, stream: string) =>
  new ProblemError('not_found', `${stream} is not parked by ${projection}. GET /v1/parked lists the parked streams.`);

function placeOf(cursor: string): readonly [string, string] {
  const [stream, line] = placeOfCursor('parked', cursor) ?? [];
  if (typeof stream !== 'string' || typeof line !== 'string')
    throw badQuery('cursor: must be the nextCursor of the previous page');
  return [stream, line];
}

const summaryOf = ({
  projection,
  version,
  generation,
  stream,
  since,
  attempts,
  attemptedAt,
  replayWantedAt,
  revision,
  stripeEventId,
  eventType,
  cause,
}: Parking): Summary => ({
  projection,
  version,
  generation,
  stream,
  since: since.toISOString(),
  attempts,
  attemptedAt: attemptedAt.toISOString(),
  replayWantedAt: replayWantedAt?.toISOString() ?? null,
  revision: String(revision),
  stripeEventId,
  eventType,
  cause,
});
