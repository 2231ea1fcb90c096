import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { createServer } from '../src/http/server.js';
import { ServiceLogger } from '../src/logger.js';
import { WebhookGate } from '../src/webhook/gate.js';
import { IntakeReport } from '../src/webhook/intake.report.js';
import { take, type Append } from '../src/webhook/intake.js';
import { INTAKE, INTAKE_REPORT, WebhookController, type Intake } from '../src/webhook/webhook.controller.js';

/** The service's whole webhook with an append that completes at once: the cost of the endpoint itself. */

const BODY_BYTES_MAX = 1_048_576;
const secret = process.argv[2] ?? '';
const appendNothing: Append = async ({ stream }) => ({
  kind: 'appended',
  stream,
  revision: 0n,
  position: 0n,
  isRendering: false,
});
const intake: Intake = (delivery) =>
  take(delivery, { secrets: [{ label: 'benchmark', secret }], append: appendNothing });

class WebhookOnly {}

const registry = new Registry();
const report = new IntakeReport({ registry, waiting: () => 0, labels: ['benchmark'], showDeliveries: false });

const app = await createServer(
  {
    module: WebhookOnly,
    controllers: [WebhookController],
    providers: [
      { provide: INTAKE, useValue: intake },
      { provide: INTAKE_REPORT, useValue: report },
    ],
  },
  {
    logger: new ServiceLogger({ level: 'warn', isTerminal: false }),
    limits: {
      requestTimeoutMs: 20_000,
      connectionsMax: 10_000,
      bodiesBytesMax: 64 * BODY_BYTES_MAX,
      answersBytesMax: 64 * BODY_BYTES_MAX,
    },
    registry,
    bodyRoute: new WebhookGate({ bodyBytesMax: BODY_BYTES_MAX, report }),
  },
);
await app.listen(0, '127.0.0.1');
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));
process.send?.({ url: `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}` });
