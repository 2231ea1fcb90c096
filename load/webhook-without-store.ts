import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { createServer } from '../src/http/server.js';
import { JsonLogger } from '../src/logger.js';
import { IntakeMetrics } from '../src/webhook/intake.metrics.js';
import { take, type Append } from '../src/webhook/intake.js';
import { INTAKE, INTAKE_METRICS, WebhookController, type Intake } from '../src/webhook/webhook.controller.js';

/** The service's webhook, all of it, in front of an append that is done at once: what the endpoint itself costs. */

const BODY_BYTES_MAX = 1_048_576;
const secret = process.argv[2] ?? '';
const appendNothing: Append = async ({ stream }) => ({ kind: 'appended', stream, revision: 0n, position: 0n });
const intake: Intake = (delivery) => take(delivery, { secrets: [{ label: 'benchmark', secret }], append: appendNothing });

class WebhookOnly {}

const app = await createServer({
  module: WebhookOnly,
  controllers: [WebhookController],
  providers: [
    { provide: INTAKE, useValue: intake },
    { provide: INTAKE_METRICS, useValue: new IntakeMetrics(new Registry(), () => 0) },
  ],
}, { bodyBytesMax: BODY_BYTES_MAX, logger: new JsonLogger('warn') });
await app.listen(0, '127.0.0.1');
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));
process.send?.({ url: `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}` });
