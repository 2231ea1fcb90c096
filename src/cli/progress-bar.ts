import type { AppliedBatch } from '../catch-up/follower.js';
import { BuildProgress } from '../rebuild/progress.js';

const WIDTH = 24;
const LINE_EVERY_MS = 5_000;
const BAR_EVERY_MS = 100;

/** Shows the progress of a build: a bar on a terminal, otherwise a line every 5 s. */
export class ProgressBar {
  readonly #progress = new BuildProgress();
  #drawnAt = -Infinity;

  constructor(
    private readonly what: string,
    private readonly output: NodeJS.WriteStream,
  ) {}

  /** `end` is the position of the log's end; null while unknown. */
  advance(batch: AppliedBatch, end: bigint | null): void {
    this.#progress.advance(batch, end);
    const now = performance.now();
    if (now - this.#drawnAt < (this.output.isTTY ? BAR_EVERY_MS : LINE_EVERY_MS)) return;
    this.#drawnAt = now;
    const text = this.#text();
    this.output.write(this.output.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
  }

  /** Ends with a line that stays, unless there was nothing to do. */
  end(): void {
    const { events, seconds } = this.#progress;
    if (this.output.isTTY) this.output.write('\r\u001b[K');
    if (events === 0) return;
    this.output.write(
      `${this.what}: ${count(events)} events in ${seconds.toFixed(1)} s, ${count(events / seconds)}/s\n`,
    );
  }

  #text(): string {
    const { events, eventsPerSecond, share, secondsLeft, behind } = this.#progress.now();
    const done = `${count(events)} events  ${count(eventsPerSecond)}/s`;
    if (share === null || behind === null)
      return `${this.what} [${'?'.repeat(WIDTH)}]  ${done}  the end of the log has not been found yet`;
    const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.');
    return `${this.what} [${bar}] ${(share * 100).toFixed(1)} %  ${done}  ${secondsLeft === null ? '' : `${duration(secondsLeft)} left  `}${bytes(behind)} behind`;
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
