/** The sending end of a streaming call: it goes at the client's pace and knows when the call is over. */
import type { ReadCall } from './protocol.js';
import type { Turns } from './turns.js';

/** Begins to wait and returns how to stop waiting. */
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

  /** False when the client has gone or the server stops. */
  get open(): boolean {
    return this.#open;
  }

  /** Takes a turn; false when the call is over meanwhile. */
  async turn(turns: Turns): Promise<boolean> {
    await turns.take();
    return this.#open;
  }

  /** Hands messages over and resolves when the client has taken them, or has gone. */
  async send(frames: readonly Buffer[]): Promise<void> {
    if (frames.length === 0) return;
    await this.wait((wake) => {
      this.call.write(frames, wake);
      return () => undefined;
    });
  }

  /** Resolves when woken, or when the call is over. */
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
