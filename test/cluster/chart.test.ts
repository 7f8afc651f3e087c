/**
 * The chart: what it renders from its values, and that helm installs, upgrades, removes and brings it back on a real API server. What its
 * admission policies refuse is in admission-*.test.ts.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { operatorNamespace } from '../../sandbox/cluster/chart.ts';
import { kinds } from '../../src/api/kinds.ts';
import { apply, cluster, get, installChart, kubectl, uniqueNamespace } from '../support/cluster.ts';
import { manifest } from '../unit/api/objects.ts';

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Record<string, string> };
  readonly spec?: Record<string, unknown>;
  readonly [field: string]: unknown;
}

interface PodSpec {
  readonly containers: readonly { readonly args: readonly string[]; readonly image: string }[];
  readonly [field: string]: unknown;
}

const chart = join(import.meta.dirname, '../../charts/sluice');
const operator = `system:serviceaccount:${operatorNamespace}:sluice`;
const set = (values: Record<string, string>): string[] =>
  Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]);

async function template(values: Record<string, string> = {}): Promise<Rendered[]> {
  const text = await cluster().helm(['template', 'sluice', chart, '--namespace', 'ops', ...set(values)]);
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null);
}

function podSpec(objects: readonly Rendered[]): PodSpec {
  const deployment = objects.find(({ kind }) => kind === 'Deployment');
  return (deployment?.spec as { template: { spec: PodSpec } }).template.spec;
}

describe('helm lint', () => {
  test('finds nothing', async () => {
    await expect(cluster().helm(['lint', '--strict', chart])).resolves.toContain('0 chart(s) failed');
  });
});

describe('helm template', () => {
  test('given no values, then it renders one CRD for each kind, kept at uninstall, and a binding for each policy', async () => {
    const objects = await template();
    const crds = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
    expect(crds.map(({ metadata }) => metadata.name).toSorted()).toEqual(
      kinds.map(({ plural }) => `${plural}.sluice.dev`).toSorted(),
    );
    for (const { metadata } of crds) expect(metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
    const policies = objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy').map(({ metadata }) => metadata.name);
    const bound = objects
      .filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding')
      .map(({ spec }) => spec?.['policyName']);
    expect(policies.length).toBeGreaterThan(4);
    expect(bound.toSorted()).toEqual(policies.toSorted());
  });

  test('every policy fails closed', async () => {
    const policies = (await template()).filter(({ kind }) => kind === 'ValidatingAdmissionPolicy');
    for (const { spec } of policies) expect(spec).toMatchObject({ failurePolicy: 'Fail' });
  });

  test('given no values, then the operator gets exactly its flags', async () => {
    expect(podSpec(await template()).containers[0]?.args).toEqual([
      '--operator-namespace=ops',
      '--verify-interval=1h',
      '--log-level=info',
      '--metrics-address=0.0.0.0:8080',
      '--leader-elect=true',
      '--leader-election-id=sluice-leader',
    ]);
  });

  test('given values, then they become flags', async () => {
    const values = {
      installation: 'prod0001',
      'trustedNamespaceLabels[0]': 'team',
      'trustedNamespaceLabels[1]': 'example.com/tier',
      verifyInterval: '30m',
      'notify.secretName': 'sluice-notify',
      'log.level': 'debug',
      'metrics.port': '9090',
      replicas: '1',
      'leaderElection.enabled': 'false',
      'leaderElection.id': 'other',
      'extraArgs[0]': '--more',
    };
    expect(podSpec(await template(values)).containers[0]?.args).toEqual([
      '--operator-namespace=ops',
      '--installation=prod0001',
      '--trusted-namespace-labels=team,example.com/tier',
      '--verify-interval=30m',
      '--notify-secret=sluice-notify',
      '--log-level=debug',
      '--metrics-address=0.0.0.0:9090',
      '--leader-elect=false',
      '--leader-election-id=other',
      '--more',
    ]);
  });

  test('given a digest, then it wins over the tag; given neither, then the tag is the version of the chart', async () => {
    const image = async (values: Record<string, string>): Promise<string | undefined> =>
      podSpec(await template(values)).containers[0]?.image;
    const digest = `sha256:${'a'.repeat(64)}`;
    await expect(image({ 'image.repository': 'a/b', 'image.tag': '1.2.3', 'image.digest': digest })).resolves.toBe(
      `a/b@${digest}`,
    );
    await expect(image({ 'image.repository': 'a/b', 'image.tag': '1.2.3' })).resolves.toBe('a/b:1.2.3');
    await expect(image({})).resolves.toBe('sluice:0.1.0');
  });

  test('given another name of the ServiceAccount, then the policies know the operator by it', async () => {
    const objects = await template({
      'serviceAccount.name': 'other',
      'admission.extraOperators[0]': 'system:serviceaccount:a:b',
    });
    const status = objects.find(
      ({ kind, metadata }) => kind === 'ValidatingAdmissionPolicy' && metadata.name === 'sluice-status',
    );
    expect(JSON.stringify(status?.spec)).toContain("['system:serviceaccount:ops:other', 'system:serviceaccount:a:b']");
  });

  test('given parts turned off, then they are not rendered', async () => {
    const objects = await template({
      'crds.enabled': 'false',
      'admission.enabled': 'false',
      'rbac.aggregate': 'false',
      replicas: '0',
    });
    const found = new Set(objects.map(({ kind }) => kind));
    expect([...found]).not.toContain('CustomResourceDefinition');
    expect([...found].filter((kind) => kind.startsWith('ValidatingAdmission'))).toEqual([]);
    expect([...found]).not.toContain('PodDisruptionBudget');
    expect(JSON.stringify(objects)).not.toContain('aggregate-to-');
  });

  test('given no admission policies, then editors may not write ShareItems and Datasets, which only those policies confine', async () => {
    const writable = async (values: Record<string, string>): Promise<string[]> => {
      const edit = (await template(values)).find(
        ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'sluice-edit',
      );
      const { rules } = edit as unknown as { rules: readonly { resources: string[]; verbs: string[] }[] };
      return rules.filter(({ verbs }) => verbs.includes('update')).flatMap(({ resources }) => resources);
    };
    await expect(writable({})).resolves.toEqual(expect.arrayContaining(['shareitems', 'datasets']));
    await expect(writable({ 'admission.enabled': 'false' })).resolves.toEqual(['consumptionroles', 'sharerequests']);
  });

  test.each([
    ['an installation id of seven characters', { installation: 'prod001' }, /installation/],
    ['an installation id in capitals', { installation: 'PROD0001' }, /installation/],
    ['a negative number of replicas', { replicas: '-1' }, /replicas/],
    ['an unknown log level', { 'log.level': 'loud' }, /log.*level/],
    ['an interval in days', { verifyInterval: '1d' }, /verifyInterval/],
    ['an unknown value', { replica: '1' }, /replica/],
    ['a user that would break a rule', { 'admission.extraOperators[0]': "a'b" }, /extraOperators/],
    ['several replicas without leader election', { 'leaderElection.enabled': 'false' }, /replicas is more than 1/],
    ['an unknown kind of monitor', { 'monitor.kind': 'Probe' }, /monitor.*kind/],
    ['an unknown value within another', { 'networkPolicy.on': 'true' }, /networkPolicy/],
    [
      'a prefix of runbooks without a slash at its end',
      { 'prometheusRule.runbookPrefix': 'https://a.example/b' },
      /runbookPrefix/,
    ],
    ['no ServiceAccount at all', { 'serviceAccount.create': 'false' }, /say in serviceAccount.name which ServiceAccount/],
  ])('given %s, then helm refuses and names it', async (_, values, message) => {
    await expect(template(values)).rejects.toThrow(message);
  });
});

describe('the installed chart', () => {
  beforeAll(() => installChart());
  // Whatever happened here, the tests after these find the chart as they expect it.
  afterAll(() => installChart());

  const canI = (verb: string, resource: string, ...more: string[]): Promise<string> =>
    kubectl(['auth', 'can-i', verb, resource, ...more, '--as', operator]).then(
      () => 'yes',
      () => 'no',
    );

  test.each([
    ['list', 'sharerequests.sluice.dev', ['--all-namespaces'], 'yes'],
    ['create', 'shareitems.sluice.dev', ['--all-namespaces'], 'yes'],
    ['patch', 'shareitems.sluice.dev', ['--subresource=status', '--all-namespaces'], 'yes'],
    ['patch', 'environments.sluice.dev', ['--subresource=status'], 'yes'],
    ['patch', 'datasets.sluice.dev', ['--all-namespaces'], 'yes'],
    ['list', 'namespaces', [], 'yes'],
    ['create', 'events.events.k8s.io', ['--all-namespaces'], 'yes'],
    ['list', 'secrets', ['--namespace', operatorNamespace], 'yes'],
    ['update', 'leases.coordination.k8s.io/sluice-leader', ['--namespace', operatorNamespace], 'yes'],
    ['create', 'configmaps', ['--namespace', operatorNamespace], 'yes'],
    ['get', 'configmaps/sluice-installation', ['--namespace', operatorNamespace], 'yes'],
    ['get', 'configmaps/other', ['--namespace', operatorNamespace], 'no'],
    ['list', 'secrets', ['--all-namespaces'], 'no'],
    ['create', 'secrets', ['--namespace', operatorNamespace], 'no'],
    ['update', 'leases.coordination.k8s.io/other', ['--namespace', operatorNamespace], 'no'],
    ['patch', 'shareapprovals.sluice.dev', ['--all-namespaces'], 'no'],
    ['create', 'shareapprovals.sluice.dev', ['--all-namespaces'], 'no'],
    ['create', 'datasets.sluice.dev', ['--all-namespaces'], 'no'],
    ['delete', 'datasets.sluice.dev', ['--all-namespaces'], 'no'],
    ['delete', 'sharerequests.sluice.dev', ['--all-namespaces'], 'no'],
    ['approve', 'datasets.sluice.dev', ['--all-namespaces'], 'no'],
    ['create', 'pods', ['--all-namespaces'], 'no'],
    ['patch', 'namespaces', [], 'no'],
  ])('may the operator %s %s (%j)? %s', async (verb, resource, more, answer) => {
    await expect(canI(verb, resource, ...more)).resolves.toBe(answer);
  });

  test('every expression of its policies passes the type check of the API server', async () => {
    const { items } = JSON.parse(await kubectl(['get', 'validatingadmissionpolicies', '--output', 'json'])) as {
      items: { metadata: { name: string }; status?: { typeChecking?: { expressionWarnings?: unknown[] } } }[];
    };
    for (const { metadata, status } of items) expect(status?.typeChecking?.expressionWarnings ?? [], metadata.name).toEqual([]);
  });

  test('its pods meet the restricted Pod Security Standard', async () => {
    const namespace = await uniqueNamespace('restricted', { 'pod-security.kubernetes.io/enforce': 'restricted' });
    await kubectl(['create', 'serviceaccount', 'sluice', '--namespace', namespace]);
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'operator', namespace }, spec: podSpec(await template()) };
    const create = kubectl(['create', '--dry-run=server', '--filename', '-'], { input: JSON.stringify(pod) });
    await expect(create).resolves.toContain('created');
  });

  test('given new values, when it is upgraded, then the Deployment has them', async () => {
    await installChart({ set: { installation: 'abcd1234', 'log.level': 'debug' } });
    const deployment = await get<Rendered>('deployment', 'sluice', operatorNamespace);
    expect(podSpec([{ ...deployment, kind: 'Deployment' }]).containers[0]?.args).toEqual(
      expect.arrayContaining(['--installation=abcd1234', '--log-level=debug']),
    );
  });

  test('given objects, when it is uninstalled and installed again, then they are still there', async () => {
    const namespace = await uniqueNamespace('kept');
    await apply([manifest('ShareRequest', 'kept', { namespace })]);
    const { metadata } = await get<{ metadata: { uid: string } }>('sharerequests', 'kept', namespace);
    await cluster().helm(['uninstall', 'sluice', '--namespace', operatorNamespace, '--wait']);
    await expect(kubectl(['get', 'validatingadmissionpolicies', '--output', 'name'])).resolves.not.toContain('sluice');
    await installChart();
    await expect(get('sharerequests', 'kept', namespace)).resolves.toMatchObject({ metadata: { uid: metadata.uid } });
  });
});
