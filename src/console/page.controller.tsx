import {
  Controller,
  Get,
  Inject,
  Param,
  Query,
  Req,
  Res,
  UseFilters,
  VERSION_NEUTRAL,
  type Type,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { VisitedBy } from '../http/asker.js';
import { NeedsScope } from '../http/auth.guard.js';
import { OpenToAll } from '../http/open-to-all.js';
import { ProblemError } from '../http/problem.js';
import type { Visitor } from '../http/tokens.js';
import { answerPage } from './answering.js';
import { assetAt } from './assets.js';
import { OwnApi } from './own-api.js';
import type { Page } from './page.js';
import { PageProblems } from './page-problems.js';
import { Layout } from './parts/layout.js';

/** Returns the controller with the route of a page. */
export function pageControllerOf(page: Page): Type<unknown> {
  @Controller({ path: `console${page.path}`, version: VERSION_NEUTRAL })
  @NeedsScope(page.scope)
  @UseFilters(PageProblems)
  class PageController {
    constructor(@Inject(OwnApi) private readonly api: OwnApi) {}

    @Get()
    async show(
      @Param() path: Readonly<Record<string, string>>,
      @Query() query: Readonly<Record<string, unknown>>,
      @VisitedBy() visitor: Visitor,
      @Req() request: FastifyRequest,
      @Res() reply: FastifyReply,
    ): Promise<void> {
      const asked = { path, query: textsOf(query) };
      const data = await page.load(this.api.for(visitor, request), asked);
      const frame = { visitor, asked, nowMs: Date.now(), once: randomUUID() };
      const shown = page.show(data, frame);
      answerPage(reply, shown.status ?? 200, <Layout shown={shown} frame={frame} />);
    }
  }
  return PageController;
}

/** The last value wins where a parameter repeats. */
const textsOf = (query: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String([value].flat().at(-1) ?? '')]));

/** Style, script and icon: open to all, since the login page needs them. */
@Controller({ path: 'console/assets', version: VERSION_NEUTRAL })
@OpenToAll()
export class AssetsController {
  @Get(':version/:file')
  file(@Param('version') version: string, @Param('file') file: string, @Res() reply: FastifyReply): void {
    const asset = assetAt(`/console/assets/${version}/${file}`);
    if (asset === null) throw new ProblemError('not_found', 'The console has no such file. Reload the page.');
    void reply
      .header('content-type', asset.type)
      .header('cache-control', 'public, max-age=31536000, immutable')
      .header('cross-origin-resource-policy', 'same-origin')
      .send(asset.bytes);
  }
}

/** Answers 404 for paths without a page. */
@Controller({ path: 'console', version: VERSION_NEUTRAL })
@NeedsScope('access')
@UseFilters(PageProblems)
export class NoPageController {
  @Get('*')
  none(): never {
    throw new ProblemError('not_found', 'The console has no such page.');
  }
}
