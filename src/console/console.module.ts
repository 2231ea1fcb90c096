import { Module } from '@nestjs/common';
import { ActionsController } from './actions.controller.js';
import { OwnApi } from './own-api.js';
import { AssetsController, NoPageController, pageControllerOf } from './page.controller.js';
import { PageProblems } from './page-problems.js';
import { PAGES } from './pages/index.js';
import { SessionController } from './session.controller.js';

/** The console, in a process that serves the API. The catch-all controller must come last. */
@Module({
  controllers: [
    SessionController,
    ActionsController,
    AssetsController,
    ...PAGES.map(pageControllerOf),
    NoPageController,
  ],
  providers: [OwnApi, PageProblems],
})
export class ConsoleModule {}
