import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { ApiToken } from '../config/secrets.js';
import { AuthGuard } from './auth.guard.js';
import { Draining } from './draining.js';
import { OpenApiController } from './openapi.controller.js';
import { ProblemsController } from './problems.controller.js';
import { StrayInputGuard } from './stray-input.guard.js';
import { Tokens } from './tokens.js';

/** What applies to the routes of all modules: tokens and scopes, problems and their documents, connection draining. */
@Module({})
export class HttpModule {
  static of(tokens: readonly ApiToken[]): DynamicModule {
    return {
      module: HttpModule,
      global: true,
      controllers: [OpenApiController, ProblemsController],
      providers: [
        { provide: Tokens, useValue: new Tokens(tokens) },
        AuthGuard,
        { provide: APP_GUARD, useExisting: AuthGuard },
        { provide: APP_GUARD, useClass: StrayInputGuard },
        Draining,
      ],
      exports: [Tokens, AuthGuard],
    };
  }
}
