/**
 * What the chart renders under several sets of values, held against the real API server: every object is sent to it as a server-side dry run with strict checking
 * of fields, and every pod to a namespace that enforces the restricted Pod Security Standard. The kinds of the Prometheus operator are stood in for by open CRDs:
 * of these, only kind and place are checked here, and the rules themselves by promtool (test/e2e/alerts.test.ts).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { apply, cluster, installChart, kubectl, uniqueNamespace } from '../support/cluster.ts';

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, string>>;
}

interface Deployment extends Rendered {
  readonly spec: { readonly template: { readonly spec: Readonly<Record<string, unknown>> } };
}

const chart = join(import.meta.dirname, '../../charts/sluice');
const dir = mkdtempSync(join(tmpdir(), 'sluice-values-'));
const digest = `sha256:${'a'.repeat(64)}`;
const terms = [{ matchExpressions: [{ key: 'kubernetes.io/arch', operator: 'In', values: ['amd64', 'arm64'] }] }];

/** Each a values file of its own, as a platform team would write it. */
const sets: Readonly<Record<string, object>> = {
  'nothing but the defaults': {},
  'one replica without leader election, named otherwise': {
    replicas: 1,
    leaderElection: { enabled: false },
    fullnameOverride: 'shares',
    podDisruptionBudget: { enabled: false },
  },
  'identity by IRSA, an image by digest from a private place': {
    image: { repository: 'images.example.com/sluice', digest },
    imagePullSecrets: [{ name: 'pull' }],
    serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::999988887777:role/sluice-operator' } },
  },
  'a ServiceAccount that is there already': { serviceAccount: { create: false, name: 'default' } },
  'everything about where pods run': {
    replicas: 3,
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule' },
      {
        maxSkew: 2,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: { team: 'platform' } },
      },
    ],
    podLabels: { team: 'platform' },
    podAnnotations: { 'example.com/note': 'yes' },
    resources: { requests: { cpu: '1' }, limits: { memory: '1Gi' } },
    revisionHistoryLimit: 0,
  },
  'more of everything for the operator': {
    extraEnv: [
      { name: 'AWS_REGION', value: 'eu-west-1' },
      { name: 'KEY', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } },
    ],
    extraArgs: ['--orphan-sweep-interval=12h'],
    extraVolumes: [{ name: 'ca', configMap: { name: 'ca' } }],
    extraVolumeMounts: [{ name: 'ca', mountPath: '/ca', readOnly: true }],
  },
  'a network that is closed, and all that watches': {
    networkPolicy: {
      enabled: true,
      metricsFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      extraEgress: [{ ports: [{ port: 3128 }] }],
    },
    monitor: { enabled: true, labels: { release: 'prometheus' } },
    prometheusRule: { enabled: true, labels: { release: 'prometheus' }, runbookPrefix: 'https://git.example.com/sluice/' },
    dashboard: { enabled: true, annotations: { grafana_folder: 'Data' } },
  },
  'a network that is open to all readers of metrics, and a ServiceMonitor': {
    networkPolicy: { enabled: true, apiServerPorts: [443, 8443] },
    monitor: { enabled: true, kind: 'ServiceMonitor', interval: '1m' },
  },
};

let namespace: string;

beforeAll(async () => {
  await installChart();
  namespace = await uniqueNamespace('restricted', { 'pod-security.kubernetes.io/enforce': 'restricted' });
  await apply(['PodMonitor', 'ServiceMonitor', 'PrometheusRule'].map(openCrd));
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
});
afterAll(async () => {
  await kubectl(['delete', 'crd', ...['podmonitors', 'servicemonitors', 'prometheusrules'].map((name) => `${name}.${group}`)]);
  rmSync(dir, { recursive: true });
});

const group = 'monitoring.coreos.com';

function openCrd(kind: string): object {
  const plural = `${kind.toLowerCase()}s`;
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}

async function template(values: object): Promise<{ readonly text: string; readonly objects: readonly Rendered[] }> {
  const file = join(dir, 'values.json');
  writeFileSync(file, JSON.stringify(values));
  const text = await cluster().helm(['template', 'tried', chart, '--namespace', namespace, '--values', file]);
  const objects = parseAllDocuments(text)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null);
  return { text, objects };
}

function podSpec(objects: readonly Rendered[]): Readonly<Record<string, unknown>> {
  const deployment = objects.find(({ kind }) => kind === 'Deployment') as Deployment | undefined;
  if (deployment === undefined) throw new Error('there is no Deployment');
  return deployment.spec.template.spec;
}

describe.each(Object.entries(sets))('given %s', (_, values) => {
  test('the API server takes every object', async () => {
    const { text, objects } = await template(values);
    const tried = ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict', '--filename', '-'];
    const answer = await kubectl(tried, { input: text });
    expect(answer.trim().split('\n')).toHaveLength(objects.length);
  });

  test('its pods are admitted where the restricted Pod Security Standard is enforced', async () => {
    const { serviceAccountName: _account, ...spec } = podSpec((await template(values)).objects);
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'operator', namespace },
      spec: { ...spec, serviceAccountName: 'default' },
    };
    const create = kubectl(['create', '--dry-run=server', '--filename', '-'], { input: JSON.stringify(pod) });
    await expect(create).resolves.toContain('created');
  });
});

test('a Deployment with a field that Kubernetes does not know is refused, so that the test above can fail', async () => {
  const { text } = await template({});
  const broken = text.replace('      enableServiceLinks: false', '      enableServiceLink: false');
  const tried = kubectl(
    ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict', '--filename', '-'],
    {
      input: broken,
    },
  );
  await expect(tried).rejects.toThrow('enableServiceLink');
});

test('pods are spread by their own labels where no others are given', async () => {
  const { objects } = await template(sets['everything about where pods run'] ?? {});
  const own = { 'app.kubernetes.io/name': 'sluice', 'app.kubernetes.io/instance': 'tried' };
  expect(podSpec(objects)['topologySpreadConstraints']).toMatchObject([
    { labelSelector: { matchLabels: own } },
    { labelSelector: { matchLabels: { team: 'platform' } } },
  ]);
});

test('the PrometheusRule is files/alerts.yaml with links to the runbooks, and the ConfigMap is files/dashboard.json', async () => {
  const { objects } = await template(sets['a network that is closed, and all that watches'] ?? {});
  const rules = objects.find(({ kind }) => kind === 'PrometheusRule');
  const file = readFileSync(join(chart, 'files/alerts.yaml'), 'utf8');
  const linked = file.replaceAll('runbook_url: docs/', 'runbook_url: https://git.example.com/sluice/docs/');
  expect(rules?.spec).toEqual(parse(linked));
  expect(rules?.metadata.labels).toMatchObject({ release: 'prometheus', 'app.kubernetes.io/name': 'sluice' });
  const dashboard = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'tried-sluice-dashboard');
  expect(dashboard?.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
  const { 'sluice.json': json = '' } = dashboard?.data ?? {};
  expect(JSON.parse(json)).toEqual(JSON.parse(readFileSync(join(chart, 'files/dashboard.json'), 'utf8')));
});
