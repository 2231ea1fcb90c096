import type { AppliedBatch } from '../catch-up/follower.js';

const WIDTH = 24;
const LINE_EVERY_MS = 5_000;
const BAR_EVERY_MS = 100;
const RATE_OVER_MS = 5_000;

/**
 * Shows the progress of a build: a bar on a terminal, a line every five seconds elsewhere. Positions are bytes of the
 * log, so the share that is done and the time that is left are estimated by bytes.
 */
export class ProgressBar {
  readonly #startedAt = performance.now();
  /** How many events were done at which time, for the rate. */
  readonly #recent = [{ at: this.#startedAt, events: 0 }];
  #events = 0;
  #drawnAt = -Infinity;
  /** The first position that was reported; the time that is left is estimated from it. */
  #from: { position: bigint; at: number } | null = null;

  constructor(
    private readonly what: string,
    private readonly output: NodeJS.WriteStream,
  ) {}

  /** `end` is the position of the log's end; null while it is not known. */
  advance({ events, position }: AppliedBatch, end: bigint | null): void {
    this.#events += events;
    const now = performance.now();
    this.#from ??= { position, at: now };
    this.#recent.push({ at: now, events: this.#events });
    while (this.#recent.length > 2 && (this.#recent[1]?.at ?? now) < now - RATE_OVER_MS) this.#recent.shift();
    if (now - this.#drawnAt < (this.output.isTTY ? BAR_EVERY_MS : LINE_EVERY_MS)) return;
    this.#drawnAt = now;
    const text = this.#textAt(position, end);
    this.output.write(this.output.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
  }

  /** Ends with a line that stays, unless there was nothing to do. */
  end(): void {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    if (this.output.isTTY) this.output.write('\r\u001b[K');
    if (this.#events === 0) return;
    this.output.write(
      `${this.what}: ${count(this.#events)} events in ${seconds.toFixed(1)} s, ${count(this.#events / seconds)}/s\n`,
    );
  }

  #textAt(position: bigint, end: bigint | null): string {
    const now = performance.now();
    const [since = { at: this.#startedAt, events: 0 }] = this.#recent;
    const rate = (this.#events - since.events) / ((now - since.at) / 1000);
    if (end === null)
      return `${this.what} [${'?'.repeat(WIDTH)}]  ${count(this.#events)} events  ${count(rate)}/s  the end of the log is not found yet`;
    const share = end <= 0n ? 1 : Math.min(Number(position) / Number(end), 1);
    const done = this.#from === null ? 0 : Number(position - this.#from.position);
    const left =
      this.#from === null || done === 0
        ? null
        : ((now - this.#from.at) / 1000) * (Number(end > position ? end - position : 0n) / done);
    const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.');
    return `${this.what} [${bar}] ${(share * 100).toFixed(1)} %  ${count(this.#events)} events  ${count(rate)}/s  ${left === null ? '' : `${duration(left)} left  `}${bytes(end - position)} behind`;
  }
}

const count = (value: number): string => Math.round(value).toLocaleString('en-US');
const duration = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
const bytes = (size: bigint): string =>
  size <= 0n
    ? '0 bytes'
    : size < 1_000_000n
      ? `${Math.ceil(Number(size) / 1000)} kB`
      : `${(Number(size) / 1e6).toFixed(1)} MB`;
