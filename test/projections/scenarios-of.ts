import { readdirSync } from 'node:fs';
import { projections } from '../../projections/index.js';
import type { AnyProjection } from '../../projections/projection.js';
import type { Scenario } from './scenarios/scenario.js';

const folder = new URL('./scenarios/', import.meta.url);
const fileOf = (projectionName: string): string => `${projectionName.replaceAll('_', '-')}.ts`;

/** What each projection, by its name, is to do: the one export of the file that is named like it. */
const files = readdirSync(folder).filter((file) => file !== 'scenario.ts');
const scenarios = new Map<string, readonly Scenario[]>();
for (const { name } of projections.filter((projection) => files.includes(fileOf(projection.name)))) {
  const file = `./scenarios/${fileOf(name)}`;
  scenarios.set(name, Object.values((await import(file)) as Readonly<Record<string, readonly Scenario[]>>).flat());
}

export const scenariosOf = ({ name }: AnyProjection): readonly Scenario[] => scenarios.get(name) ?? [];

/** Files of scenarios that are about no projection. */
export const strayScenarios = (): string[] =>
  files.filter((file) => !projections.some(({ name }) => fileOf(name) === file));
