/**
 * Two clusters, each with an operator of its own installation, share the same bucket of the same account with the same role. Neither touches what carries the other's
 * mark, whatever happens to it, and both come to rest.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteBucketPolicyCommand } from '@aws-sdk/client-s3';
import { ListAttachedRolePoliciesCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CallRecord } from '../../sandbox/aws/index.ts';
import type { ClusterAccess } from '../../sandbox/cluster/access.ts';
import { applyChart, operatorNamespace } from '../../sandbox/cluster/chart.ts';
import { startCluster, type Cluster } from '../../sandbox/cluster/cluster.ts';
import { cluster, get } from '../support/cluster.ts';
import { startSluice, until, type OperatorProcess, type Sluice, type World } from '../support/sluice.ts';
import { policyText, quiet, writesOf } from './aws-cases.ts';

/** One of the two. */
interface Side {
  readonly access: ClusterAccess;
  readonly installation: string;
}

let sluice: Sluice;
let second: Cluster;
let other: OperatorProcess;
let here: Side;
let there: Side;

beforeAll(async () => {
  sluice = await startSluice();
  second = await startCluster({ dir: mkdtempSync(join(tmpdir(), 'sluice-second-')), log: () => undefined });
  await applyChart(second);
  const secret = await get<object>('secret', 'sluice-test-aws', operatorNamespace);
  await copy(secret);
  const config = join(second.kubeconfig, '../operator.kubeconfig');
  other = sluice.replica({ KUBECONFIG: await second.serviceAccountKubeconfig(operatorNamespace, 'sluice', config) });
  await other.start();
  here = { access: cluster(), installation: await installationOf(cluster()) };
  there = { access: second, installation: await installationOf(second) };
});
afterAll(async () => {
  await other?.stop();
  await sluice?.stop();
  await second?.stop();
});

async function installationOf({ kubectl }: ClusterAccess): Promise<string> {
  return kubectl(['get', 'configmap', 'sluice-installation', '-n', operatorNamespace, '--output=jsonpath={.data.installation}']);
}

async function apply({ kubectl }: ClusterAccess, objects: readonly object[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  await kubectl(['apply', '--server-side', '--filename', '-'], { input });
}

/** Makes an object of the first cluster in the second one as well, as its author would. */
async function copy(object: object): Promise<void> {
  const { metadata, status: _, ...rest } = object as { metadata: { name: string; namespace?: string }; status?: unknown };
  const { name, namespace } = metadata;
  await apply(second, [{ ...rest, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } }]);
}

async function copyWorld({ producer, consumer }: World): Promise<void> {
  for (const { namespace } of [producer, consumer]) await copy(await get('namespace', namespace));
  for (const { environment } of [producer, consumer]) await copy(await get('environment', environment));
}

const scope = (world: World): readonly string[] => ['sharerequest/weekly', '-n', world.consumer.namespace];

async function ready({ access }: Side, world: World): Promise<void> {
  await access.kubectl(['wait', '--for=condition=Ready', ...scope(world), '--timeout=60s']);
}

async function share({ access }: Side, world: World): Promise<void> {
  const items = ['orders'];
  await apply(access, [world.dataset('orders'), world.role('analysts'), world.request('weekly', { items })]);
  await apply(access, [world.approval('weekly', { request: 'weekly', items })]);
}

/** Has AWS compared with what is wanted, and waits for the answer. */
async function verify({ access }: Side, world: World): Promise<void> {
  const now = new Date().toISOString();
  await access.kubectl(['annotate', '--overwrite', ...scope(world), `sluice.dev/verify-requested-at=${now}`]);
  await access.kubectl(['wait', `--for=jsonpath={.status.lastHandledVerifyAt}=${now}`, ...scope(world), '--timeout=60s']);
}

/** Has the owner's account searched for documents that nobody explains. Returns the reason of what it found. */
async function sweep({ access }: Side, world: World): Promise<string> {
  const environment = `environment/${world.producer.environment}`;
  const now = new Date().toISOString();
  await access.kubectl(['annotate', '--overwrite', environment, `sluice.dev/verify-requested-at=${now}`]);
  await access.kubectl(['wait', `--for=jsonpath={.status.lastHandledVerifyAt}=${now}`, environment, '--timeout=60s']);
  return access.kubectl(['get', environment, '--output=jsonpath={.status.conditions[?(@.type=="Orphans")].reason}']);
}

/** The statements of a side in the bucket's policy. */
async function statementsOf({ installation }: Side, world: World): Promise<readonly object[]> {
  const { Statement = [] } = JSON.parse((await policyText(world, 'orders')) ?? '{}') as { Statement?: { Sid?: string }[] };
  return Statement.filter(({ Sid }) => Sid?.toLowerCase().includes(installation) === true);
}

async function haveTheirOwn(sides: readonly Side[], world: World): Promise<boolean> {
  const found = await Promise.all(sides.map((side) => statementsOf(side, world)));
  return found.every((each) => each.length > 0);
}

/** Names of the policies of a side that the role carries. */
async function policiesOf({ installation }: Side, { consumer, roles }: World): Promise<readonly string[]> {
  const RoleName = roles['analysts']?.arn.split('/').at(-1);
  const { AttachedPolicies = [] } = await consumer.admin.iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  return AttachedPolicies.flatMap(({ PolicyArn = '' }) => (PolicyArn.includes(`/sluice/${installation}/`) ? [PolicyArn] : []));
}

/** What a side did in AWS since `from`. */
function callsOf({ installation }: Side, from: number): readonly CallRecord[] {
  return sluice.aws.calls
    .list()
    .slice(from)
    .filter(({ caller }) => caller.endsWith(`/sluice-${installation}`));
}

it('given one bucket and one role that two clusters share, then each serves its own, repairs its own and takes back its own', async () => {
  const world = await sluice.world();
  await copyWorld(world);
  expect(here.installation).not.toBe(there.installation);
  const sides = [here, there];

  await Promise.all(sides.map((side) => share(side, world)));
  await Promise.all(sides.map((side) => ready(side, world)));
  // Where both read before either wrote, one of the two is lost: AWS has no compare-and-set. The second look, a minute after a write, puts it back without being asked.
  await until('each has its own in the bucket policy', () => haveTheirOwn(sides, world), 100);
  await Promise.all(sides.map((side) => ready(side, world)));
  for (const side of sides) expect(await policiesOf(side, world)).toHaveLength(1);

  const rest = await quiet(sluice);
  await Promise.all(sides.map((side) => verify(side, world)));
  for (const side of sides) expect(await sweep(side, world)).toBe('NoOrphans');
  await quiet(sluice);
  for (const side of sides) expect(writesOf(callsOf(side, rest))).toEqual([]);

  await world.producer.admin.s3.send(new DeleteBucketPolicyCommand({ Bucket: world.buckets['orders'] }));
  await until(
    'each has put back its own',
    async () => {
      // One after the other: writes that keep meeting are a ConflictingOwner, and the third repair within an hour waits for minutes.
      for (const side of sides) await verify(side, world);
      return haveTheirOwn(sides, world);
    },
    100,
  );
  await Promise.all(sides.map((side) => ready(side, world)));

  const kept = [await statementsOf(there, world), await policiesOf(there, world)];
  const leaving = await quiet(sluice);
  await here.access.kubectl(['delete', 'shareapproval', 'weekly', '-n', world.producer.namespace]);
  await until('the role carries nothing of the first', async () => (await policiesOf(here, world)).length === 0, 60);
  await until('the bucket policy says nothing of the first', async () => (await statementsOf(here, world)).length === 0, 60);
  expect([await statementsOf(there, world), await policiesOf(there, world)]).toEqual(kept);
  expect(await world.reads('analysts', 'orders')).toBe(true);
  await quiet(sluice);
  expect(writesOf(callsOf(there, leaving))).toEqual([]);

  await there.access.kubectl(['delete', 'shareapproval', 'weekly', '-n', world.producer.namespace]);
  await until('nothing is left', async () => (await policyText(world, 'orders')) === undefined, 60);
  await until('the role carries nothing', async () => (await policiesOf(there, world)).length === 0, 60);
  expect(await world.reads('analysts', 'orders')).toBe(false);
}, 300_000);
