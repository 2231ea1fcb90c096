import { Counter, Gauge, type Registry } from 'prom-client';

/** Counts answers, and connections dropped or cut. Labels are bounded: route patterns, never URLs. */
export class HttpMetrics {
  readonly #responses: Counter<'route' | 'method' | 'status'>;
  readonly #dropped: Counter;
  readonly #cut: Counter;

  constructor(registry: Registry, heldBytes: () => number) {
    this.#responses = new Counter({
      name: 'ledger_http_responses_total',
      help: 'Responses by route, method and status; route none: an unknown route or an unreadable request.',
      labelNames: ['route', 'method', 'status'],
      registers: [registry],
    });
    this.#dropped = new Counter({
      name: 'ledger_http_connections_dropped_total',
      help: 'Connections closed without a response because CONNECTIONS_MAX were open.',
      registers: [registry],
    });
    this.#cut = new Counter({
      name: 'ledger_http_connections_cut_total',
      help: 'Connections closed because the client did not read its responses and the memory was needed.',
      registers: [registry],
    });
    new Gauge({
      name: 'ledger_http_body_bytes',
      help: 'Bytes held by request bodies being received, at most INTAKE_BODIES_BYTES_MAX.',
      registers: [registry],
      collect() {
        this.set(heldBytes());
      },
    });
  }

  answered(answer: { route: string; method: string; status: number }): void {
    this.#responses.inc(answer);
  }

  dropped(): void {
    this.#dropped.inc();
  }

  cut(): void {
    this.#cut.inc();
  }
}
