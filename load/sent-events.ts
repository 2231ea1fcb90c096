import type { StormEvent } from './storm-events.js';
import { contentHash } from './storm-events.js';
import type { DeliveryResult } from './webhook-client.js';

/** An event that was sent; the log must hold exactly one copy of it. */
export interface SentEvent {
  readonly type: string;
  readonly hash: string;
  /** The expected stream; for recorded events the stream the service answered with, since only it knows. */
  stream: string | undefined;
  acknowledged: boolean;
  /** A recorded event of another account, not one of a simulated life. */
  readonly isSample: boolean;
}

/** The storm's own record of its deliveries. */
export class SentEvents {
  readonly byId = new Map<string, SentEvent>();
  readonly outcomes = new Map<string, number>();
  readonly failures = new Map<string, number>();
  deliveries = 0;
  /** Deliveries of an event that was acknowledged before, or is in flight on another connection. */
  repetitions = 0;
  acknowledged = 0;
  gaveUp = 0;
  /** Quarantined deliveries of recorded events. Those of simulated lives belong in streams. */
  quarantinedSamples = 0;
  positionMax = -1n;

  sending({ stripeEvent, stream }: StormEvent): SentEvent {
    this.deliveries += 1;
    const known = this.byId.get(stripeEvent.id);
    if (known !== undefined) {
      this.repetitions += 1;
      return known;
    }
    const sent = {
      type: stripeEvent.type,
      hash: contentHash(stripeEvent),
      stream,
      acknowledged: false,
      isSample: stream === undefined,
    };
    this.byId.set(stripeEvent.id, sent);
    return sent;
  }

  answered(sent: SentEvent, result: DeliveryResult): void {
    for (const failure of result.failures) count(this.failures, failure);
    if (result.kind === 'gave-up') {
      this.gaveUp += 1;
      return;
    }
    const { outcome, stream, position } = result.acknowledgement;
    count(this.outcomes, outcome);
    if (outcome === 'quarantined' && sent.isSample) this.quarantinedSamples += 1;
    this.acknowledged += 1;
    sent.acknowledged = true;
    sent.stream ??= stream;
    if (position !== undefined && BigInt(position) > this.positionMax) this.positionMax = BigInt(position);
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
