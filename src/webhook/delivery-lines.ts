/** The most deliveries per second with their own line. */
const LINES_A_SECOND = 10;

/** Shows deliveries on a terminal: one line each, and in a storm a count of the others. */
export class DeliveryLines {
  #shown = 0;
  readonly #more = new Map<string, number>();

  constructor(private readonly write: (text: string) => void) {}

  /** Adds a delivery. `text` is called only when it is shown. */
  add(outcome: string, text: () => string): void {
    if (this.#shown === 0) setTimeout(() => this.#end(), 1_000).unref();
    this.#shown += 1;
    if (this.#shown <= LINES_A_SECOND) this.write(text());
    else this.#more.set(outcome, (this.#more.get(outcome) ?? 0) + 1);
  }

  /** Ends a second. */
  #end(): void {
    this.#shown = 0;
    if (this.#more.size === 0) return;
    const counts = [...this.#more].map(([outcome, count]) => `${count.toLocaleString('en-US')} ${outcome}`);
    this.#more.clear();
    this.write(`… and in the same second ${counts.join(', ')}`);
  }
}
