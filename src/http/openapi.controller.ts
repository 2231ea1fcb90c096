import { Controller, Get, Header, VERSION_NEUTRAL } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { OpenToAll } from './open-to-all.js';

const FILE = new URL(
  import.meta.url.endsWith('.ts') ? '../../docs/openapi.json' : '../../../docs/openapi.json',
  import.meta.url,
);

/** The OpenAPI document, for client generators: open to all. */
@Controller({ path: 'openapi.json', version: VERSION_NEUTRAL })
@OpenToAll()
export class OpenApiController {
  #document: string | undefined;

  @Get()
  @Header('content-type', 'application/json; charset=utf-8')
  document(): string {
    this.#document ??= readFileSync(FILE, 'utf8');
    return this.#document;
  }
}
