import { describe, expect, it } from '@jest/globals';
import { projections } from '../../projections/index.js';
import { planOf } from '../../src/catch-up/plan.js';
import type { Checkpoint } from '../../src/read-models/checkpoints.js';
import { EVENT_INDEX_GENERATION, versionOf } from '../../src/read-models/schema.js';

const [first, second] = projections.slice(0, 2) as [(typeof projections)[number], (typeof projections)[number]];
const build = [first, second];
const newBuild = [{ ...first, version: first.version + 1 }, second];

const checkpoint = (name: string, version: number, more: Partial<Checkpoint> = {}): Checkpoint => ({
  name: `${name}_v${version}_g1`,
  projection: name,
  version,
  generation: 1,
  state: 'live',
  shown: true,
  aside: false,
  logName: null,
  at: null,
  epoch: 0n,
  isFree: true,
  owner: null,
  ownerFollows: [],
  ...more,
});
const index = (more: Partial<Checkpoint> = {}): Checkpoint => ({
  ...checkpoint('event_index', 1, more),
  name: EVENT_INDEX_GENERATION,
});
const linesOfBuild = (
  versions: readonly { name: string; version: number }[],
  more: Partial<Checkpoint> = {},
): Checkpoint[] => versions.map(({ name, version }) => checkpoint(name, version, more));
const heldBy = (owner: string, versions: readonly { name: string; version: number }[]): Partial<Checkpoint> => ({
  owner,
  isFree: false,
  ownerFollows: versions.map(versionOf),
});
const taken = (checkpoints: readonly Checkpoint[], projectionsOfBuild = build): string[] =>
  planOf(checkpoints, { owner: 'me', models: projectionsOfBuild })
    .take.map((one) => one.name)
    .sort();

describe('which lines a process follows', () => {
  it('everything of its build that is free, and nothing that only another build reads', () => {
    const checkpoints = [index(), ...linesOfBuild(build), checkpoint(first.name, first.version + 1)];
    expect(taken(checkpoints)).toEqual([EVENT_INDEX_GENERATION, ...linesOfBuild(build).map((one) => one.name)].sort());
  });

  it('none while another process of its build has the index, though a line is free for a moment', () => {
    expect(
      taken([
        index(heldBy('other', build)),
        checkpoint(first.name, first.version, heldBy('other', build)),
        checkpoint(second.name, second.version),
      ]),
    ).toEqual([]);
  });

  it('only those of its own versions while a process of another build has the index', () => {
    const lines = [
      index(heldBy('other', build)),
      ...linesOfBuild(build, heldBy('other', build)),
      checkpoint(first.name, first.version + 1),
    ];
    expect(taken(lines, newBuild)).toEqual([`${first.name}_v${first.version + 1}_g1`]);
  });

  it('the live generations, and neither those being rebuilt nor kept ones', () => {
    const filled = { ...checkpoint(first.name, first.version, { shown: false, state: 'building' }), line: 'filled' };
    const kept = {
      ...checkpoint(first.name, first.version, { shown: false, state: 'kept', owner: 'me' }),
      line: 'kept',
    };
    const plan = planOf([index(), checkpoint(first.name, first.version), filled, kept], {
      owner: 'me',
      models: [first],
    });
    expect(plan.take.map((one) => one.name)).toEqual([EVENT_INDEX_GENERATION, `${first.name}_v${first.version}_g1`]);
    expect(plan.leave).toEqual([kept]);
  });

  it('gives lines up that fall to the process which has the index', () => {
    const own = checkpoint(first.name, first.version, { owner: 'me', isFree: false });
    expect(planOf([index(heldBy('other', build)), own], { owner: 'me', models: build }).leave).toEqual([own]);
  });
});
