import { Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { take, type Append } from './intake.js';
import type { IntakeReport } from './intake.report.js';
import { INTAKE, INTAKE_REPORT, WebhookController, type Intake } from './webhook.controller.js';

/** The module of the webhook. */
@Module({})
export class WebhookModule {
  static of(config: Pick<Config, 'webhookSecrets'>, append: Append, report: IntakeReport): DynamicModule {
    const intake: Intake = (delivery) => take(delivery, { secrets: config.webhookSecrets, append });
    return {
      module: WebhookModule,
      controllers: [WebhookController],
      providers: [
        { provide: INTAKE, useValue: intake },
        { provide: INTAKE_REPORT, useValue: report },
      ],
    };
  }
}
