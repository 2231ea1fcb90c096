/** The files in `deploy` parse, and name only metrics, labels, variables, routes and sections that exist. */
import { describe, expect, it } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { VARIABLES } from '../../src/config/config.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Metrics with their labels from docs/metrics.md; another test compares it with the sources. */
const metrics = new Map<string, readonly string[]>(
  [...textOf('docs/metrics.md').matchAll(/^\| `(ledger_[a-z_]+)` \| (.*?) \|/gm)].map(([, name = '', labels = '']) => [
    name,
    [...labels.matchAll(/`([a-z_]+)`/g)].map(([, label = '']) => label),
  ]),
);
/** Labels that Prometheus adds, and metrics that prom-client reports for each process. */
const [TARGET_LABELS, OF_PROCESS] = [['job', 'instance', 'le'], /^(process|nodejs)_[a-z0-9_]+$/];
const metricOf = (name: string): string | undefined =>
  [name, name.replace(/_(bucket|sum|count)$/, '')].find((one) => metrics.has(one));

/** The faults of an expression: parse errors, and unknown metrics or labels. */
function faultsOf(expression: string): string[] {
  const faults: string[] = [];
  const names: string[] = [];
  const labels: string[] = [];
  parser.parse(expression.replaceAll('$__rate_interval', '5m')).iterate({
    enter: ({ name, type, from, to }) => {
      const text = expression.replaceAll('$__rate_interval', '5m').slice(from, to);
      if (type.isError) faults.push(`does not parse at ${from}`);
      if (name === 'Identifier') names.push(text);
      if (name === 'LabelName') labels.push(text);
    },
  });
  const known = names.flatMap((name) => metricOf(name) ?? []);
  if (names.length === 0) faults.push('names no metric');
  for (const name of names)
    if (metricOf(name) === undefined && !OF_PROCESS.test(name)) faults.push(`${name} is no metric`);
  const allowed = [...TARGET_LABELS, ...known.flatMap((name) => metrics.get(name) ?? [])];
  for (const label of labels) if (!allowed.includes(label)) faults.push(`${label} is no label of ${known.join()}`);
  return faults;
}

it('an expression with an unknown name is reported', () => {
  expect(faultsOf('sum(ledger_nothing) > 0')).toEqual(['ledger_nothing is no metric']);
  expect(faultsOf('sum by (customer) (ledger_access_held)')).toEqual(['customer is no label of ledger_access_held']);
  expect(faultsOf('ledger_catch_up{stat="refused"}')).toEqual(['stat is no label of ledger_catch_up']);
  expect(faultsOf('sum(ledger_access_held > 0')).not.toEqual([]);
});

describe('deploy/prometheus/alerts.yaml', () => {
  type Rule = Readonly<{
    alert: string;
    expr: string;
    for?: string;
    labels: Readonly<{ severity: string }>;
    annotations: Readonly<{ summary: string; runbook_url: string }>;
  }>;
  const { groups } = parse(textOf('deploy/prometheus/alerts.yaml')) as { groups: { name: string; rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  const anchors = [...textOf('docs/runbook.md').matchAll(/^## (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );

  it.each(rules.map((rule) => [rule.alert, rule] as const))('%s can be read, and leads to the runbook', (_, rule) => {
    expect(faultsOf(rule.expr)).toEqual([]);
    expect(rule.for ?? '1m').toMatch(/^\d+[smh]$/);
    expect(['page', 'ticket']).toContain(rule.labels.severity);
    expect(rule.annotations.summary).toMatch(/\.$|\?$/);
    expect(anchors.map((anchor) => `docs/runbook.md#${anchor}`)).toContain(rule.annotations.runbook_url);
    const named = [...rule.annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label);
    expect(named.filter((label) => !new RegExp(`by \\([^)]*\\b${label}\\b`).test(rule.expr))).toEqual([]);
  });

  it('names each alert once', () => {
    expect(rules.length).toBeGreaterThan(12);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });
});

describe('deploy/grafana/ledger.json', () => {
  type Panel = Readonly<{
    id: number;
    title: string;
    gridPos: Readonly<{ x: number; y: number; w: number; h: number }>;
    targets?: readonly { expr: string; legendFormat: string }[];
    datasource?: Readonly<{ uid: string }>;
  }>;
  const { panels } = JSON.parse(textOf('deploy/grafana/ledger.json')) as { panels: Panel[] };

  it('asks for what exists, of the data source that is chosen', () => {
    const targets = panels.flatMap(({ targets: of = [], title, datasource }) =>
      of.map((target) => ({ title, uid: datasource?.uid, ...target })),
    );
    expect(targets.length).toBeGreaterThan(20);
    expect(targets.flatMap(({ title, expr }) => faultsOf(expr).map((fault) => `${title}: ${fault}`))).toEqual([]);
    expect(new Set(targets.map(({ uid }) => uid))).toEqual(new Set(['${datasource}']));
  });

  it('puts no panel on another', () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect([title, taken.get(`${x} ${y}`), x < 24]).toEqual([title, undefined, true]);
          taken.set(`${x} ${y}`, title);
        }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});

type Manifest = Readonly<{
  kind: string;
  metadata: Readonly<{ name: string }>;
  data?: Record<string, string>;
  spec?: unknown;
}>;
const OPEN_PATHS = JSON.parse(textOf('docs/openapi.json')) as { paths: Record<string, unknown> };

describe('deploy/kubernetes', () => {
  const { resources } = parse(textOf('deploy/kubernetes/kustomization.yaml')) as { resources: string[] };
  const documents = resources.flatMap((file) => parseAllDocuments(textOf(`deploy/kubernetes/${file}`)));
  const manifests = documents.map((document) => document.toJS() as Manifest);
  /** All values under a key, at any depth. */
  const under = (value: unknown, key: string): unknown[] =>
    typeof value !== 'object' || value === null
      ? []
      : Object.entries(value).flatMap(([name, one]) => [...(name === key ? [one] : []), ...under(one, key)]);

  it('is YAML without errors, each object once', () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(
      expect.arrayContaining(['ingest', 'project', 'api'].map((role) => `Deployment ledger-${role}`)),
    );
  });

  it('names variables, probes, services and files that exist', () => {
    const config = manifests.find(({ kind }) => kind === 'ConfigMap')?.data ?? {};
    const own = manifests.flatMap((manifest) => under(manifest, 'env').flat() as { name: string }[]);
    const variables = [...Object.keys(config), ...own.map(({ name }) => name)];
    expect(variables.length).toBeGreaterThan(8);
    expect(variables.filter((name) => !VARIABLES.includes(name))).toEqual([]);
    const paths = manifests.flatMap((manifest) =>
      under(manifest, 'httpGet').map((probe) => (probe as { path: string }).path),
    );
    const webhook = manifests.flatMap((manifest) =>
      under(manifest, 'path').filter((path): path is string => typeof path === 'string'),
    );
    expect(paths).toHaveLength(6);
    expect(webhook.filter((path) => !Object.hasOwn(OPEN_PATHS.paths, path))).toEqual([]);
    const mounts = manifests.flatMap((manifest) => under(manifest, 'mountPath'));
    const files = Object.values(config).filter((value) => value.startsWith('/run/'));
    expect(files.filter((file) => !mounts.some((mount) => file.startsWith(`${String(mount)}/`)))).toEqual([]);
    const services = manifests.flatMap(({ kind, metadata }) => (kind === 'Service' ? [metadata.name] : []));
    const asked = manifests.flatMap((manifest) =>
      under(manifest, 'service').map((service) => (service as { name: string }).name),
    );
    expect(asked.filter((name) => !services.includes(name))).toEqual([]);
    const targets = textOf('deploy/prometheus/prometheus.yaml').match(/ledger-[a-z]+(?=:3000)/g) ?? [];
    expect(targets.sort()).toEqual(services.sort());
  });
});

it('deploy/systemd names variables that exist, and the credentials that it loads', () => {
  const unit = textOf('deploy/systemd/subscription-ledger.service');
  const lines = unit.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines.filter((line) => !/^\[(Unit|Service|Install)\]$|^[A-Z]\w+=\S/.test(line))).toEqual([]);
  const set = lines.flatMap((line) => /^Environment=([A-Z_]+)=(.*)$/.exec(line)?.slice(1, 3) ?? []);
  const variables = set.filter((_, at) => at % 2 === 0);
  expect(variables.length).toBeGreaterThan(4);
  expect(variables.filter((name) => !VARIABLES.includes(name))).toEqual([]);
  const loaded = [...unit.matchAll(/^LoadCredential=([a-z-]+):/gm)].map(([, name]) => name);
  const used = [...unit.matchAll(/=%d\/([a-z-]+)$/gm)].map(([, name]) => name);
  expect(used.sort()).toEqual(loaded.sort());
});

it('docs/deploy.md names variables and files that exist', () => {
  const text = textOf('docs/deploy.md');
  const variables = [...text.matchAll(/\b([A-Z]+(?:_[A-Z]+)+)\b/g)].map(([, name = '']) => name);
  expect(variables.filter((name) => !VARIABLES.includes(name))).toEqual([]);
  const files = [...text.matchAll(/\bdeploy\/[\w./-]+\w/g)].map(([file]) => file);
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) expect(() => readFileSync(join(ROOT, file))).not.toThrow(/ENOENT/);
});
