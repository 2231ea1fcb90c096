import { describe, expect, it } from '@jest/globals';
import { projections } from '../../projections/index.js';
import { planOf } from '../../src/catch-up/plan.js';
import type { Line } from '../../src/read-models/lines.js';
import { EVENT_INDEX_LINE, versionOf } from '../../src/read-models/schema.js';

const [first, second] = projections.slice(0, 2) as [(typeof projections)[number], (typeof projections)[number]];
const build = [first, second];
const newBuild = [{ ...first, version: first.version + 1 }, second];

const line = (name: string, version: number, more: Partial<Line> = {}): Line => ({
  line: `${name}_v${version}_g1`, projection: name, version, generation: 1, state: 'live', shown: true, aside: false, logName: null, at: null, epoch: 0n, isFree: true, owner: null, ownerFollows: [], ...more,
});
const index = (more: Partial<Line> = {}): Line => ({ ...line('event_index', 1, more), line: EVENT_INDEX_LINE });
const linesOfBuild = (versions: readonly { name: string; version: number }[], more: Partial<Line> = {}): Line[] => versions.map(({ name, version }) => line(name, version, more));
const heldBy = (owner: string, versions: readonly { name: string; version: number }[]): Partial<Line> => ({ owner, isFree: false, ownerFollows: versions.map(versionOf) });
const taken = (lines: readonly Line[], projectionsOfBuild = build): string[] => planOf(lines, { owner: 'me', projections: projectionsOfBuild }).take.map((one) => one.line).sort();

describe('which lines a process follows', () => {
  it('all of its build while nobody has them, and none that only another build reads', () => {
    const lines = [index(), ...linesOfBuild(build), line(first.name, first.version + 1)];
    expect(taken(lines)).toEqual([EVENT_INDEX_LINE, ...linesOfBuild(build).map((one) => one.line)].sort());
  });

  it('none while another process of its build has the index, though a line is free for a moment', () => {
    expect(taken([index(heldBy('other', build)), line(first.name, first.version, heldBy('other', build)), line(second.name, second.version)])).toEqual([]);
  });

  it('those of its own versions alone while a process of another build has the index', () => {
    const lines = [index(heldBy('other', build)), ...linesOfBuild(build, heldBy('other', build)), line(first.name, first.version + 1)];
    expect(taken(lines, newBuild)).toEqual([`${first.name}_v${first.version + 1}_g1`]);
  });

  it('what is shown, and neither what a rebuild fills nor what is kept', () => {
    const filled = { ...line(first.name, first.version, { shown: false, state: 'building' }), line: 'filled' };
    const kept = { ...line(first.name, first.version, { shown: false, state: 'kept', owner: 'me' }), line: 'kept' };
    const plan = planOf([index(), line(first.name, first.version), filled, kept], { owner: 'me', projections: [first] });
    expect(plan.take.map((one) => one.line)).toEqual([EVENT_INDEX_LINE, `${first.name}_v${first.version}_g1`]);
    expect(plan.leave).toEqual([kept]);
  });

  it('gives lines up that fall to the process which has the index', () => {
    const own = line(first.name, first.version, { owner: 'me', isFree: false });
    expect(planOf([index(heldBy('other', build)), own], { owner: 'me', projections: build }).leave).toEqual([own]);
  });
});
