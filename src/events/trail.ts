/** One change of an object: from one state to another, or to the same one. */
export type Step = { readonly from: string; readonly to: string };
/** The steps not yet on a trail, by the state they start from, in order of preference. */
export type UnusedSteps<S extends Step> = Map<string, Set<S>>;

/** Returns all steps as unused; where several are possible, the earlier one in `steps` is taken. */
export function unusedSteps<S extends Step>(steps: readonly S[]): UnusedSteps<S> {
  const unused: UnusedSteps<S> = new Map();
  for (const step of steps) {
    const leaving = unused.get(step.from);
    if (leaving === undefined) unused.set(step.from, new Set([step]));
    else leaving.add(step);
  }
  return unused;
}

/**
 * Takes from `unused` a path that starts in the state `start`, each step starting where the previous one ended, and
 * returns it.
 *
 * Guaranteed: if one path can hold all steps that are reachable from `start`, the result is such a path (an Euler
 * trail, so values may alternate any number of times). If no state is reached twice, it is a longest path. Otherwise it
 * is a path that no detour can lengthen, not necessarily the longest: that problem is NP-hard. A leftover step that
 * repeats a step of the path (Stripe may send two events for one change) comes directly after it. Steps that change
 * nothing come at the first visit of their state. The work grows with the number of steps, at worst with its square
 * when many paths are possible.
 */
export function takeTrail<S extends Step>(unused: UnusedSteps<S>, start: string): S[] {
  const trail = walk(unused, start);
  for (let i = 0; i <= trail.length; i += 1) {
    const state = i === 0 ? start : (trail[i - 1] as S).to;
    const detours: S[] = [];
    for (let detour = takeDetour(unused, state); detour !== null; detour = takeDetour(unused, state))
      detours.push(...detour);
    trail.splice(i, 0, ...detours);
  }
  return trail.flatMap((step) => [step, ...takeRepeats(unused, step)]);
}

/** Takes steps as long as there are any, always the one with the longest path ahead. */
function walk<S extends Step>(unused: UnusedSteps<S>, start: string): S[] {
  const lengths = lengthsAhead(unused, start);
  const choices = new Map<string, S[]>();
  const taken: S[] = [];
  for (let state = start; ; state = (taken.at(-1) as S).to) {
    const left = choices.get(state) ?? [...(unused.get(state) ?? [])].sort((a, b) => ahead(b) - ahead(a));
    choices.set(state, left);
    const step = left.shift();
    if (step === undefined) return taken;
    take(unused, step);
    taken.push(step);
  }

  /** A step back to an earlier state is the last choice: most of what follows that state has been taken. */
  function ahead({ from, to }: S): number {
    const length = lengths.get(to) ?? 0;
    return length < (lengths.get(from) ?? 0) ? length : -1;
  }
}

/**
 * The length of the longest path ahead of each reachable state, not counting steps back into the path that led there.
 */
function lengthsAhead<S extends Step>(unused: UnusedSteps<S>, start: string): Map<string, number> {
  const lengths = new Map<string, number>();
  const entered = new Set<string>();
  const stack = [start];
  for (let state = stack.at(-1); state !== undefined; state = stack.at(-1)) {
    const steps = [...(unused.get(state) ?? [])];
    if (!entered.has(state)) {
      entered.add(state);
      for (const { to } of steps) if (!entered.has(to)) stack.push(to);
      continue;
    }
    stack.pop();
    if (!lengths.has(state))
      lengths.set(
        state,
        steps.reduce((longest, { to }) => Math.max(longest, 1 + (lengths.get(to) ?? -1)), 0),
      );
  }
  return lengths;
}

/** Takes the shortest cycle of unused steps through a state; null when there is none. */
function takeDetour<S extends Step>(unused: UnusedSteps<S>, state: string): S[] | null {
  const reachedBy = new Map<string, S>();
  const states = [state];
  for (const at of states) {
    for (const step of unused.get(at) ?? []) {
      if (reachedBy.has(step.to)) continue;
      reachedBy.set(step.to, step);
      if (step.to === state) return takeWayBack(unused, reachedBy, step);
      states.push(step.to);
    }
  }
  return null;
}

function takeWayBack<S extends Step>(unused: UnusedSteps<S>, reachedBy: ReadonlyMap<string, S>, last: S): S[] {
  const way: S[] = [last];
  for (let step = last; step.from !== last.to; way.unshift(step)) step = reachedBy.get(step.from) as S;
  for (const step of way) take(unused, step);
  return way;
}

function takeRepeats<S extends Step>(unused: UnusedSteps<S>, step: S): S[] {
  const repeats = [...(unused.get(step.from) ?? [])].filter(({ to }) => to === step.to);
  for (const repeat of repeats) take(unused, repeat);
  return repeats;
}

function take<S extends Step>(unused: UnusedSteps<S>, step: S): void {
  const leaving = unused.get(step.from);
  leaving?.delete(step);
  if (leaving?.size === 0) unused.delete(step.from);
}
