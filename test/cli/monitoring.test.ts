// The board and the alert rules to copy, and the README's table: they speak of the metrics that there are, and of no others.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { settleSettings } from '../../controller/cli/settings.ts';
import { NOTICE_KINDS } from '../../controller/model/notice.ts';
import { startApi } from '../support/api.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const BOARD = readFileSync(resolve(ROOT, 'examples/monitoring/grafana-board.json'), 'utf8');
const ALERTS = readFileSync(resolve(ROOT, 'examples/monitoring/alerts.yaml'), 'utf8');
const README = readFileSync(resolve(ROOT, 'README.md'), 'utf8');

interface Metric {
  readonly labels: ReadonlySet<string>;
  /** Values by label, as far as the test's controller has them. */
  readonly values: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Every metric of a controller with all its parts, by the names that queries use. */
let metrics: ReadonlyMap<string, Metric>;
let help: string;

beforeAll(async () => {
  const forge = {
    description: 'forge',
    webhooks: null,
    view: () => ({ failure: null, lookedAt: null, openPullRequests: 0 }),
  };
  const api = await startApi({}, forge);
  // Of its fleets one is in somebody's cloud.
  const { picture } = api.controller;
  const reading = { readAt: 0, calls: 1, remarks: [], lacking: [] };
  api.controller.picture = {
    ...picture,
    products: picture.products.map((each) =>
      each.live === null ? each : { ...each, live: { ...each.live, reading } },
    ),
  };
  help = (await api.ask('/metrics')).text;
  await api.close();
  const found = new Map<string, { labels: Set<string>; values: Map<string, Set<string>> }>();
  for (const line of help.split('\n')) {
    const [, name, labels = ''] = /^([a-z_]+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    if (name === undefined) continue;
    const metric = found.get(name) ?? { labels: new Set(), values: new Map() };
    found.set(name, metric);
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
      metric.labels.add(label);
      const values = metric.values.get(label) ?? new Set();
      metric.values.set(label, values.add(value));
    }
  }
  metrics = found;
});

/** Metrics with their matchers, as they stand in a query. */
function selectorsOf(query: string): readonly (readonly [name: string, matchers: string])[] {
  return [...query.matchAll(/\b((?:lockstep|process|nodejs)_[a-z_]+)\b(?:\{([^}]*)\})?/g)].map(
    ([, name = '', matchers = '']) => [name, matchers],
  );
}

function checkQuery(query: string): void {
  const selectors = selectorsOf(query);
  expect([query, selectors.length > 0 || /\bup\{/.test(query)]).toEqual([query, true]);
  for (const [name, matchers] of selectors) {
    const metric = metrics.get(name);
    expect([query, name, metric !== undefined]).toEqual([query, name, true]);
    for (const [, label = '', operator, value = ''] of matchers.matchAll(/(\w+)(=~|=)"([^"]*)"/g)) {
      if (label === 'job') continue;
      expect([query, label, metric?.labels.has(label)]).toEqual([query, label, true]);
      if (value.startsWith('$')) continue;
      const values = operator === '=' ? [value] : value.split('|');
      for (const each of values) {
        expect([query, each, metric?.values.get(label)?.has(each)]).toEqual([query, each, true]);
      }
    }
  }
  // Rates are of counters, and nothing else is of a rate.
  for (const [, name = ''] of query.matchAll(/(?:rate|increase)\((lockstep_\w+)/g)) {
    expect([query, /_(?:total|count|sum|bucket)$/.test(name)]).toEqual([query, true]);
  }
  expect([query, query.split('(').length]).toEqual([query, query.split(')').length]);
}

describe('the alert rules', () => {
  interface Rule {
    readonly alert: string;
    readonly expr: string;
    readonly for?: string;
    readonly labels: { readonly severity: string };
    readonly annotations: { readonly summary: string; readonly description: string };
  }
  const { groups } = parse(ALERTS) as { groups: readonly { readonly rules: readonly Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);

  it('ask for metrics, labels and values that there are', () => {
    expect(rules.length).toBeGreaterThan(10);
    for (const { expr } of rules) checkQuery(expr);
  });

  it('are named each once, and say what it is and what to do', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, labels, annotations, for: time = '0s' } of rules) {
      expect(alert).toMatch(/^Lockstep[A-Z]\w+$/);
      expect(['critical', 'warning']).toContain(labels.severity);
      expect(annotations.summary.length).toBeGreaterThan(10);
      expect(annotations.description).toMatch(/\.$/);
      expect(time).toMatch(/^\d+[smhd]$/);
    }
  });

  it('cover what an operator is to hear of', () => {
    const asked = rules.flatMap(({ expr }) => selectorsOf(expr).map(([name]) => name));
    for (const name of [
      'lockstep_release_halted',
      'lockstep_refusals',
      'lockstep_source_failing',
      'lockstep_source_age_seconds',
      'lockstep_forge_failing',
      'lockstep_fleet_listening',
      'lockstep_devices_by_outcome',
    ]) {
      expect(asked).toContain(name);
    }
  });
});

describe('the board', () => {
  interface Panel {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number };
    readonly targets?: readonly { readonly expr: string }[];
  }
  interface Variable {
    readonly type: string;
    readonly query: string | { readonly query: string };
  }
  const board = JSON.parse(BOARD) as {
    readonly panels: readonly Panel[];
    readonly templating: { readonly list: readonly Variable[] };
  };

  it('asks for metrics, labels and values that there are', () => {
    const queries = board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(queries.length).toBeGreaterThan(15);
    for (const query of queries) checkQuery(query.replaceAll('$__rate_interval', '5m'));
    for (const { query } of board.templating.list) {
      const text = typeof query === 'string' ? query : query.query;
      for (const [name] of selectorsOf(text)) expect(metrics.has(name)).toBe(true);
    }
  });

  it('has panels that are told apart, side by side', () => {
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    for (const { gridPos } of board.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    const places = board.panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`);
    expect(new Set(places).size).toBe(places.length);
  });
});

describe('the README', () => {
  it('lists every metric with its labels, and no other', () => {
    const rows = [...README.matchAll(/^\| `(lockstep_\w+)` \|(.*?)\| /gm)].map(
      ([, name = '', labels = '']) =>
        [name, [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).join()] as const,
    );
    const names = [...help.matchAll(/^# TYPE (lockstep_\w+) /gm)].map(([, name = '']) => name);
    const labelsOf = (name: string): string =>
      [...((metrics.get(name) ?? metrics.get(`${name}_count`))?.labels ?? [])].join();
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(names.map((name) => [name, labelsOf(name)])),
    );
    expect(rows).toHaveLength(names.length);
  });

  it('shows settings of notices that are read', () => {
    const [, text = ''] = /```yaml\n(# run\.yaml[^`]*?\nnotices:[^`]*)```/.exec(README) ?? [];
    const env = { SLACK_URL: 'https://hooks.slack.com/services/x', NOTICE_SECRET: 's' };
    const settings = settleSettings({}, env, { name: 'run.yaml', text });
    expect(settings).toMatchObject({
      ok: true,
      value: { notices: [{ name: 'hooks.slack.com', format: 'slack' }, { name: 'warehouse' }] },
    });
    const table = /^\| setting \| meaning \|\n\| --- .*\n((?:\|.*\n)+)/m.exec(README)?.[1] ?? '';
    expect([...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)).toEqual([
      'url',
      'name',
      'format',
      'products',
      'on',
      'secret',
    ]);
  });

  it('lists every kind of notice', () => {
    const [, table = ''] = /^\| kind of `on` \| .*\n\| --- .*\n((?:\|.*\n)+)/m.exec(README) ?? [];
    expect([...table.matchAll(/^\| `([\w-]+)`/gm)].map(([, kind]) => kind)).toEqual(NOTICE_KINDS);
  });
});
