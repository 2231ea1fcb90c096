import type { JSONEventData } from '@eventstore/db-client';

type Bytes = Readonly<{ id: string; type: string; data: Uint8Array; metadata: Uint8Array }>;

/**
 * An event whose data is stored byte by byte as given, under any content type.
 *
 * The client's `jsonEvent` would parse and print the body again: `1.0`, `12345678901234567890` and
 * repeated keys come out changed, and an append costs its process half as much again. The client writes
 * the content type first and looks at it a second time to choose how to encode `data`; the second
 * answer, octet-stream, makes it take the bytes as they are. Reading `type` starts over, so that an
 * event may be sent again. `test/webhook` pins this against the client's exact version.
 */
export class VerbatimEvent {
  readonly id: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
  readonly #type: string;
  readonly #contentType: string;
  #contentTypeWritten = false;

  constructor(event: Bytes & { contentType: string }) {
    this.id = event.id;
    this.#type = event.type;
    this.#contentType = event.contentType;
    this.data = event.data;
    this.metadata = event.metadata;
  }

  get type(): string {
    this.#contentTypeWritten = false;
    return this.#type;
  }

  get contentType(): string {
    if (this.#contentTypeWritten) return 'application/octet-stream';
    this.#contentTypeWritten = true;
    return this.#contentType;
  }

  /** The client's own type of an event; what it does with this one is said above. */
  asEventData(): JSONEventData {
    return this as unknown as JSONEventData;
  }
}

/** An event whose data is JSON, stored as given. */
export class VerbatimJsonEvent extends VerbatimEvent {
  constructor(event: Bytes) {
    super({ ...event, contentType: 'application/json' });
  }
}
