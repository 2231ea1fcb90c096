import { Counter, Gauge, type Registry } from 'prom-client';

/** Counts answers, and connections dropped or cut. Labels are bounded: route patterns, never URLs. */
export class HttpMetrics {
  readonly #responses: Counter<'route' | 'method' | 'status'>;
  readonly #dropped: Counter;
  readonly #cut: Counter;

  constructor(registry: Registry, heldBytes: () => number) {
    this.#responses = new Counter({
      name: 'ledger_http_responses_total',
      help: 'Answers by route, method and status; route none: no such route, or no request that could be read.',
      labelNames: ['route', 'method', 'status'],
      registers: [registry],
    });
    this.#dropped = new Counter({
      name: 'ledger_http_connections_dropped_total',
      help: 'Connections closed without an answer, since CONNECTIONS_MAX were open.',
      registers: [registry],
    });
    this.#cut = new Counter({
      name: 'ledger_http_connections_cut_total',
      help: 'Connections cut since they did not take their answers, and others needed the memory.',
      registers: [registry],
    });
    new Gauge({
      name: 'ledger_http_body_bytes',
      help: 'Bytes that bodies under way hold now, at most INTAKE_BODIES_BYTES_MAX.',
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
