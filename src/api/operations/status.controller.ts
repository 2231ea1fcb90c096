import { Controller, Get, Inject } from '@nestjs/common';
import { NeedsScope } from '../../http/auth.guard.js';
import { StatusReader } from './status-reader.js';
import { statusOf, type Status } from './status.js';

/** How the service is, in a sentence and its numbers; every process answers, whatever is away. */
@Controller()
@NeedsScope('read')
export class StatusController {
  constructor(@Inject(StatusReader) private readonly reader: StatusReader) {}

  @Get('status')
  async status(): Promise<Status> {
    return statusOf(await this.reader.read());
  }
}
