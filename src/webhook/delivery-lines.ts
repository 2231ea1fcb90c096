/** Deliveries of one second that have a line of their own. */
const LINES_A_SECOND = 10;

/** Shows deliveries to somebody who watches a terminal: one line each, and in a storm a count of those without one. */
export class DeliveryLines {
  #shown = 0;
  readonly #more = new Map<string, number>();

  constructor(private readonly write: (text: string) => void) {}

  /** `text` is made only for a delivery that is shown. */
  add(outcome: string, text: () => string): void {
    if (this.#shown === 0) setTimeout(() => this.#end(), 1_000).unref();
    this.#shown += 1;
    if (this.#shown <= LINES_A_SECOND) this.write(text());
    else this.#more.set(outcome, (this.#more.get(outcome) ?? 0) + 1);
  }

  /** A second is over. */
  #end(): void {
    this.#shown = 0;
    if (this.#more.size === 0) return;
    const counts = [...this.#more].map(([outcome, count]) => `${count.toLocaleString('en-US')} ${outcome}`);
    this.#more.clear();
    this.write(`… and in the same second ${counts.join(', ')}`);
  }
}
