import type { ObjectState } from './object-fold.js';

/**
 * A state as text, in tables and in memory. As objects, the states of a batch would be promoted to V8's old generation
 * and traversed until the batch is written; text lets them become garbage at once. `kept` is null while no state is
 * kept.
 */
export type StateText = Readonly<{ revision: bigint; text: string; kept: string | null }>;

type Text = Readonly<{ now: ObjectState['now']; tail: readonly string[] }>;

const NOTHING_KEPT: ObjectState['kept'] = { base: null, middle: null };

/** `before`: the text of a state with the same kept states, which are the larger part and seldom change. */
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
