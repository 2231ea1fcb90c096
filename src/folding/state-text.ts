import type { ObjectState } from './object-fold.js';

/**
 * A state as text, in tables and in memory: the objects of a batch's states are garbage at once then, where they would outlive the young
 * generation and be walked through until the batch is written. `kept` is null while nothing is kept.
 */
export type StateText = Readonly<{ revision: bigint; text: string; kept: string | null }>;

type Text = Readonly<{ now: ObjectState['now']; tail: readonly string[] }>;

const NOTHING_KEPT: ObjectState['kept'] = { base: null, middle: null };

/** `before`: the text of a state with the same kept states, which are the larger part and change seldom. */
export const textOfState = ({ revision, now, tail, kept }: ObjectState, before?: StateText): StateText => ({
  revision,
  text: JSON.stringify({ now, tail: tail.map(String) } satisfies Text),
  kept: before !== undefined ? before.kept : kept.middle === null ? null : JSON.stringify(kept),
});

export function stateFrom({ revision, text, kept }: StateText): ObjectState {
  const { now, tail } = JSON.parse(text) as Text;
  return {
    revision,
    now,
    tail: tail.map(BigInt),
    kept: kept === null ? NOTHING_KEPT : (JSON.parse(kept) as ObjectState['kept']),
  };
}
