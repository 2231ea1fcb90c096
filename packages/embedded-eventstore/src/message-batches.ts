/** Several messages of a call handed over as one, so that they go to the network together: a read spends less on writing than on reading then. */
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';

/** Of the type that the library keeps to itself. */
type NextCall = ConstructorParameters<typeof ServerInterceptingCall>[0];

/** Sends an array as the messages in it. It counts as sent, and the client as ready for more, with the last of them. */
class BatchingCall extends ServerInterceptingCall {
  readonly #next: NextCall;

  constructor(next: NextCall) {
    super(next);
    this.#next = next;
  }

  override sendMessage(message: unknown, callback: () => void): void {
    if (!Array.isArray(message)) return super.sendMessage(message, callback);
    message.forEach((each, index) =>
      this.#next.sendMessage(each, index === message.length - 1 ? callback : () => undefined),
    );
  }
}

export const sendingBatches: ServerInterceptor = (_method, call) => new BatchingCall(call);
