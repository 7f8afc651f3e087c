/**
 * The chart's alerts and dashboard as Prometheus understands them: its own promtool checks the rules, plays series to them (alerts/rules.yaml), and parses the
 * dashboard's queries. No server runs.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { run } from '../../sandbox/cluster/run.ts';
import { busyOperator } from './alerts/scrape.ts';
import { ensurePromtool } from './tools/promtool.ts';

interface Rules {
  readonly groups: readonly {
    readonly name: string;
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

const files = join(import.meta.dirname, '../../charts/sluice/files');
const cases = readFileSync(join(import.meta.dirname, 'alerts/rules.yaml'), 'utf8');
const rules = parse(readFileSync(join(files, 'alerts.yaml'), 'utf8')) as Rules;
const names = rules.groups.flatMap((group) => group.rules.map(({ alert }) => alert));
const dir = mkdtempSync(join(tmpdir(), 'sluice-alerts-'));
let program: string;

beforeAll(async () => {
  program = await ensurePromtool((line) => console.log(line));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** Runs promtool. @throws CommandError with its words */
const promtool = (...args: string[]): Promise<string> => run(program, args, { cwd: dir });

/** Plays the cases to these rules. */
async function play(name: string, played: Rules): Promise<string> {
  const folder = join(dir, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'alerts.yaml'), stringify(played));
  writeFileSync(join(folder, 'rules.yaml'), cases.replace(/- .*alerts\.yaml$/m, '- alerts.yaml'));
  return promtool('test', 'rules', join(folder, 'rules.yaml'));
}

describe('the alerts', () => {
  test('are rules that promtool finds nothing wrong with', async () => {
    await expect(promtool('check', 'rules', '--lint=all', '--lint-fatal', join(files, 'alerts.yaml'))).resolves.toContain(
      `SUCCESS: ${String(names.length)} rules found`,
    );
  });

  test('fire when they should, and only then', async () => {
    await expect(play('as-it-is', rules)).resolves.toContain('SUCCESS');
  });

  test.each(names)('the cases would notice if %s never fired', async (name) => {
    const silenced = {
      groups: rules.groups.map((group) => ({
        ...group,
        rules: group.rules.map((rule) => (rule.alert === name ? { ...rule, expr: 'vector(0) > 1' } : rule)),
      })),
    };
    await expect(play(name, silenced)).rejects.toThrow(`alertname: ${name}`);
  });
});

describe('the dashboard', () => {
  const { panels } = JSON.parse(readFileSync(join(files, 'dashboard.json'), 'utf8')) as {
    readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
  };
  const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
  // What Grafana puts in.
  const filled = queries.map(({ title, expr }) => ({
    title,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', '.+'),
  }));

  test('asks what Prometheus can parse', async () => {
    const recorded = filled.map(({ expr }, index) => ({ record: `panel:${String(index)}`, expr }));
    writeFileSync(join(dir, 'dashboard.yaml'), stringify({ groups: [{ name: 'dashboard', rules: recorded }] }));
    await expect(promtool('check', 'rules', join(dir, 'dashboard.yaml'))).resolves.toContain(
      `SUCCESS: ${String(queries.length)} rules found`,
    );
  });

  test.each(filled)('of a busy operator, «$title» shows something', async ({ expr }) => {
    const tests = [
      {
        interval: '1m',
        input_series: await busyOperator(),
        // Without the zero that stands in for nothing.
        promql_expr_test: [
          {
            expr: `count(${expr.replace(' or vector(0)', '')}) > bool 0`,
            eval_time: '10m',
            exp_samples: [{ labels: '{}', value: 1 }],
          },
        ],
      },
    ];
    writeFileSync(join(dir, 'panel.yaml'), stringify({ tests }));
    await expect(promtool('test', 'rules', join(dir, 'panel.yaml'))).resolves.toContain('SUCCESS');
  });
});
