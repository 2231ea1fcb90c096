import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { freshness, storable } from '../query.js';
import { ReadPosition } from '../read-position.js';
import { Reads } from '../reads.js';
import { REFERENCE_KEY } from '../reference.js';
import { find, type Found } from './find.js';

const asking = z.strictObject({ ...freshness, q: storable.trim().min(1, 'must not be empty').max(255) });

/** Finds objects by any id, e-mail address, number, code or reference of the user's own. */
@Controller('find')
@NeedsScope('read')
export class FindController {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(REFERENCE_KEY) private readonly referenceKey: string | null,
  ) {}

  @Get()
  async find(
    @Query({ schema: asking }) { q, ...fresh }: z.output<typeof asking>,
    @AskedBy() asker: Asker,
  ): Promise<Readonly<{ data: readonly Found[]; searched: readonly string[] }>> {
    await this.position.satisfy(fresh, asker);
    return this.reads.by(asker).snapshot((connection) => find(connection, q, this.referenceKey));
  }
}
