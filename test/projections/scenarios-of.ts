import { readdirSync } from 'node:fs';
import { projections } from '../../projections/index.js';
import type { AnyProjection } from '../../projections/projection.js';
import type { Scenario } from './scenarios/scenario.js';

const folder = new URL('./scenarios/', import.meta.url);
const fileOf = (projectionName: string): string => `${projectionName.replaceAll('_', '-')}.ts`;

/** Each projection's scenarios: the only export of the file with its name. */
const files = readdirSync(folder).filter((file) => file !== 'scenario.ts');
const scenarios = new Map<string, readonly Scenario[]>();
for (const { name } of projections.filter((projection) => files.includes(fileOf(projection.name)))) {
  const file = `./scenarios/${fileOf(name)}`;
  scenarios.set(name, Object.values((await import(file)) as Readonly<Record<string, readonly Scenario[]>>).flat());
}

export const scenariosOf = ({ name }: AnyProjection): readonly Scenario[] => scenarios.get(name) ?? [];

/** Scenario files that belong to no projection. */
export const strayScenarios = (): string[] =>
  files.filter((file) => !projections.some(({ name }) => fileOf(name) === file));
