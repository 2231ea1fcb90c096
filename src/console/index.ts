import type { Provider, Type } from '@nestjs/common';
import { ActionsController } from './actions.controller.js';
import { OwnApi } from './own-api.js';
import { AssetsController, NoPageController, pageControllerOf } from './page.controller.js';
import { PageProblems } from './page-problems.js';
import { PAGES } from './pages/index.js';
import { SessionController } from './session.controller.js';

/** What no page is at comes last. */
const controllers: Type<unknown>[] = [
  SessionController,
  ActionsController,
  AssetsController,
  ...PAGES.map(pageControllerOf),
  NoPageController,
];
const providers: Provider[] = [OwnApi, PageProblems];

/** The console, as a part of a process that serves the API. */
export const CONSOLE = { controllers, providers };
