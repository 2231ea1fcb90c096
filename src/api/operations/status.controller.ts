import { Controller, Get, Inject } from '@nestjs/common';
import { NeedsScope } from '../../http/auth.guard.js';
import { StatusReader } from './status-reader.js';
import { statusOf, type Status } from './status.js';

/** The state of the service, as a sentence and its facts; every process answers, whatever is unavailable. */
@Controller()
@NeedsScope('read')
export class StatusController {
  constructor(@Inject(StatusReader) private readonly reader: StatusReader) {}

  @Get('status')
  async status(): Promise<Status> {
    return statusOf(await this.reader.read());
  }
}
