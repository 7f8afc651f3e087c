/**
 * The health checks and actions for Argo CD, run by Argo CD's own interpreter: the tests that lie beside the scripts in the form of Argo CD's repository, and every
 * situation of a share against what the lifecycle table says. No cluster is involved.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { run } from '../../sandbox/cluster/run.ts';
import { customizations } from '../../scripts/generate/argocd.ts';
import { lifecycleCases } from '../../scripts/lifecycle/cases.ts';
import { argoHealthOf } from '../../scripts/lifecycle/readers.ts';
import { kinds } from '../../src/api/kinds.ts';
import { reportItem } from '../../src/shares/report.ts';
import { ensureArgocd } from './tools/argocd.ts';

interface HealthTests {
  readonly tests: readonly {
    readonly inputPath: string;
    readonly healthStatus: { readonly status: string; readonly message: string };
  }[];
}

interface ActionTests {
  readonly discoveryTests: readonly { readonly inputPath: string; readonly result: readonly { readonly name: string }[] }[];
  readonly actionTests: readonly { readonly action: string; readonly inputPath: string; readonly expectedOutputPath: string }[];
}

interface Annotated {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

const root = join(import.meta.dirname, '../..');
const scripts = join(root, customizations, 'sluice.dev');
let dir: string;
let program: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-lua-'));
  ({ program } = await ensureArgocd((line) => console.log(line)));
  const patch = parse(readFileSync(join(root, 'gitops/argocd/argocd-cm.yaml'), 'utf8')) as object;
  const metadata = { name: 'argocd-cm', labels: { 'app.kubernetes.io/part-of': 'argocd' } };
  writeFileSync(join(dir, 'argocd-cm.json'), JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, ...patch }));
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What `argocd admin settings resource-overrides` prints. */
function argocd(command: string, file: string, ...more: string[]): Promise<string> {
  const args = ['admin', 'settings', 'resource-overrides', command, file, ...more];
  const env = { ...process.env, ARGOCD_BINARY_NAME: 'argocd', HOME: dir };
  return run(program, [...args, '--argocd-cm-path', join(dir, 'argocd-cm.json')], { env });
}

async function healthOf(file: string): Promise<{ readonly status: string; readonly message: string }> {
  const [, status = '', message = ''] = /STATUS: (.*)\nMESSAGE: (.*)\n/.exec(await argocd('health', file)) ?? [];
  return { status, message };
}

const read = (...path: string[]): string => readFileSync(join(scripts, ...path), 'utf8');

describe('health', () => {
  test('is known for every kind, by one script for all that have Ready', () => {
    expect(readdirSync(scripts).toSorted()).toEqual(kinds.map(({ kind }) => kind).toSorted());
    const summedUp = kinds.filter(({ conditions }) => (conditions as readonly string[]).includes('Ready'));
    expect(new Set(summedUp.map(({ kind }) => read(kind, 'health.lua'))).size).toBe(1);
  });

  test.each(kinds.map(({ kind }) => kind))('of %s is what its tests say', async (kind) => {
    const { tests } = parse(read(kind, 'health_test.yaml')) as HealthTests;
    expect(tests.map(({ inputPath }) => inputPath.replace('testdata/', '')).toSorted()).toEqual(
      readdirSync(join(scripts, kind, 'testdata')).toSorted(),
    );
    for (const { inputPath, healthStatus } of tests)
      expect(await healthOf(join(scripts, kind, inputPath)), inputPath).toEqual(healthStatus);
  });

  test('of a ShareItem is what the lifecycle table says, in every situation and whatever AWS holds', async () => {
    const said = new Map<string, string>();
    for (const { input } of lifecycleCases()) {
      const conditions = reportItem(input)?.conditions ?? [];
      const told = conditions.map(({ type, status, reason }) => ({ type, status, reason, message: 'a message' }));
      for (const observedGeneration of [1, 2])
        said.set(
          JSON.stringify({ observedGeneration, conditions: told }),
          argoHealthOf({ generation: 2, observedGeneration, conditions }),
        );
    }
    expect(said.size).toBeGreaterThan(20);
    for (const [status, expected] of said) {
      const file = join(dir, 'case.json');
      const object = { apiVersion: 'sluice.dev/v1alpha1', kind: 'ShareItem', metadata: { name: 'x', generation: 2 } };
      writeFileSync(file, JSON.stringify({ ...object, status: JSON.parse(status) as unknown }));
      expect((await healthOf(file)).status, status).toBe(expected);
    }
  });
});

describe('actions', () => {
  const having = kinds.map(({ kind }) => kind).filter((kind) => readdirSync(join(scripts, kind)).includes('actions'));

  test.each(having)('of %s are what their tests say', async (kind) => {
    const { discoveryTests, actionTests } = parse(read(kind, 'actions', 'action_test.yaml')) as ActionTests;
    for (const { inputPath, result } of discoveryTests) {
      const found = await argocd('list-actions', join(scripts, kind, 'actions', inputPath));
      const names = found.split('\n').flatMap((line) => /^(\w+)\s+false$/.exec(line.trim())?.[1] ?? []);
      expect(names).toEqual(result.map(({ name }) => name).toSorted());
    }
    expect(actionTests.length).toBeGreaterThan(0);
    for (const { action, inputPath, expectedOutputPath } of actionTests) {
      const changed = await argocd('run-action', join(scripts, kind, 'actions', inputPath), action);
      const before = parse(read(kind, 'actions', inputPath)) as Annotated;
      const expected = parse(read(kind, 'actions', expectedOutputPath)) as Annotated;
      const annotation = `sluice.dev/${action}-requested-at`;
      expect(expected).toEqual({
        ...before,
        metadata: { ...before.metadata, annotations: { ...before.metadata.annotations, [annotation]: '0001-01-01T00:00:00Z' } },
      });
      // A difference of one annotation, whose value is the time.
      const lines = changed.split('\n').flatMap((line) => /^>\s*(sluice\.dev\S*: \S+)$/.exec(line)?.[1] ?? []);
      expect(lines, changed).toEqual([
        expect.stringMatching(new RegExp(`^${annotation}: "?\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ"?$`)),
      ]);
    }
  });

  test('none is there for what gives consent', () => {
    expect(having.toSorted()).toEqual(['Dataset', 'ShareItem', 'ShareRequest']);
    const names = having.flatMap((kind) => readdirSync(join(scripts, kind, 'actions'), { withFileTypes: true }));
    expect(new Set(names.filter((each) => each.isDirectory() && each.name !== 'testdata').map(({ name }) => name))).toEqual(
      new Set(['verify', 'reapply']),
    );
  });
});
