/** The sending end of a streaming call: it follows the client's pace and knows when the call is over. */
import type { ReadCall } from './protocol.js';
import type { Turns } from './turns.js';

/** Starts waiting and returns a function that stops it. */
export type Arrange = (wake: () => void) => () => void;

export class Outlet {
  #open = true;
  #wake: (() => void) | undefined;

  constructor(
    private readonly call: Pick<ReadCall, 'write' | 'once'>,
    stopping: AbortSignal,
  ) {
    const close = (): void => {
      this.#open = false;
      stopping.removeEventListener('abort', close);
      this.#wake?.();
    };
    call.once('cancelled', close);
    call.once('close', close);
    stopping.addEventListener('abort', close);
    if (stopping.aborted) close();
  }

  /** False when the client has disconnected or the server is stopping. */
  get open(): boolean {
    return this.#open;
  }

  /** Takes a turn; false when the call ended meanwhile. */
  async turn(turns: Turns): Promise<boolean> {
    await turns.take();
    return this.#open;
  }

  /** Sends messages and resolves when the client has read them, or has disconnected. */
  async send(frames: readonly Buffer[]): Promise<void> {
    if (frames.length === 0) return;
    await this.wait((wake) => {
      this.call.write(frames, wake);
      return () => undefined;
    });
  }

  /** Resolves when woken, or when the call ends. */
  async wait(arrange: Arrange): Promise<void> {
    if (!this.#open) return;
    let stopWaiting: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      stopWaiting = arrange(resolve);
    });
    this.#wake = undefined;
    stopWaiting?.();
  }
}
