/**
 * Shares kept in git, with the real Argo CD, the real operator and an API server: two teams with a repository, an AppProject and an Application each, as docs/guide/gitops.md
 * has it. The tests are one story, in order.
 */
import { DeleteBucketPolicyCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { get, kubectl, startOwnCluster } from '../support/cluster.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import {
  act,
  actionsOn,
  chronicle,
  createApplication,
  createProject,
  healthOf,
  refresh,
  shows,
  type Chronicle,
  type Team,
} from './argocd/applications.ts';
import { argocdNamespace, startArgoCd, type ArgoCd } from './argocd/argocd.ts';
import { createRepository } from './argocd/repository.ts';

const cleanups: (() => Promise<unknown> | void)[] = [];
let sluice: Sluice;
let world: World;
let argocd: ArgoCd;
let owner: Team;
let requester: Team;
let said: Chronicle;

beforeAll(async () => {
  const log = (line: string): void => console.log(line);
  cleanups.push(await startOwnCluster(log));
  sluice = await startSluice();
  cleanups.push(() => sluice.stop());
  world = await sluice.world();
  argocd = await startArgoCd(log);
  cleanups.push(() => argocd.stop());
  owner = {
    name: 'team-sales',
    namespace: world.producer.namespace,
    repository: await createRepository(argocd.dir, 'team-sales'),
    kinds: ['Dataset', 'ShareApproval', 'ReceivedShare'],
  };
  requester = {
    name: 'team-analytics',
    namespace: world.consumer.namespace,
    repository: await createRepository(argocd.dir, 'team-analytics'),
    kinds: ['ConsumptionRole', 'ShareRequest', 'ShareItem'],
  };
  await owner.repository.commit('the dataset', { 'orders.yaml': [world.dataset('orders', { sharing: { drift: 'Report' } })] });
  for (const team of [owner, requester]) await createProject(team);
  await createApplication(owner);
  said = await chronicle();
  cleanups.push(() => said.stop());
});

afterAll(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
});

/** Commits to the team's repository, has Argo CD look, and returns the commit. */
async function commit(team: Team, message: string, files: Readonly<Record<string, readonly object[] | null>>): Promise<string> {
  const made = await team.repository.commit(message, files);
  await refresh(team.name);
  return made;
}

const approval = (): object => world.approval('weekly', { request: 'weekly', items: ['orders'] });
const role = (): object => world.role('analysts');
const request = (): object => world.request('weekly', { items: ['orders'] });

describe('a share that is kept in git', () => {
  test('is synced and Suspended while it waits for the owner', async () => {
    await shows(owner.name, { sync: 'Synced', health: 'Healthy' });
    const made = await requester.repository.commit('ask for the orders', { 'weekly.yaml': [role(), request()] });
    await createApplication(requester);
    const application = await shows(requester.name, {
      sync: 'Synced',
      health: 'Suspended',
      operation: 'Succeeded',
      commit: made,
    });
    expect(healthOf(application, 'ShareRequest', 'weekly')).toMatch(/^Suspended: PendingApproval: 0\/1 shared: /);
    expect(healthOf(application, 'ConsumptionRole', 'analysts')).toMatch(/^Healthy: Succeeded: /);
    expect(await world.reads('analysts', 'orders')).toBe(false);
  });

  test('cannot be consented to from the repository of the team that asks: its AppProject has no such kind and no other namespace', async () => {
    await commit(requester, 'consent for ourselves', { 'approval.yaml': [approval()] });
    const { status } = await shows(requester.name, { sync: 'OutOfSync', operation: 'Failed' });
    expect(JSON.stringify(status)).toMatch(/sluice\.dev:ShareApproval is not permitted in project team-analytics/);
    expect(await kubectl(['get', 'shareapprovals', '-n', owner.namespace, '--output', 'name'])).toBe('');
    expect(await world.reads('analysts', 'orders')).toBe(false);
    const made = await commit(requester, 'take that back', { 'approval.yaml': null });
    await shows(requester.name, { sync: 'Synced', health: 'Suspended', commit: made });
  });

  test('is Healthy once the approval is committed to the repository of its owner, and can be used', async () => {
    const made = await commit(owner, 'share the orders', { 'approval.yaml': [approval()] });
    const application = await shows(owner.name, { sync: 'Synced', health: 'Healthy', commit: made });
    expect(healthOf(application, 'ShareApproval', 'weekly')).toMatch(/^Healthy: Effective: /);
    await shows(requester.name, { sync: 'Synced', health: 'Healthy' });
    expect(await world.reads('analysts', 'orders')).toBe(true);
  });

  test('is Degraded when what AWS holds was changed and a verification finds it, and Healthy after a reapply: both are actions', async () => {
    await world.producer.admin.s3.send(new DeleteBucketPolicyCommand({ Bucket: world.buckets['orders'] }));
    await act(argocd, requester, { kind: 'ShareRequest', name: 'weekly' }, 'verify');
    await shows(requester.name, { sync: 'Synced', health: 'Degraded' });
    await refresh(requester.name);
    const degraded = await shows(requester.name, { health: 'Degraded' });
    expect(healthOf(degraded, 'ShareRequest', 'weekly')).toMatch(/^Degraded: Drifted: /);
    expect(await world.reads('analysts', 'orders')).toBe(false);
    await act(argocd, requester, { kind: 'ShareRequest', name: 'weekly' }, 'reapply');
    await shows(requester.name, { sync: 'Synced', health: 'Healthy' });
    expect(await world.reads('analysts', 'orders')).toBe(true);
  });

  test('shows its items below it, which can be verified, and no action on anything consents', async () => {
    const [item] = (await kubectl(['get', 'shareitems', '-n', requester.namespace, '--output', 'name'])).trim().split('\n');
    const name = item?.split('/')[1] ?? '';
    await act(argocd, requester, { kind: 'ShareItem', name }, 'verify');
    await until('the item was verified', async () => {
      const { metadata, status } = await get<{
        readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
        readonly status?: { readonly lastHandledVerifyAt?: string };
      }>('shareitem', name, requester.namespace);
      const asked = metadata.annotations?.['sluice.dev/verify-requested-at'];
      return asked !== undefined && (status?.lastHandledVerifyAt ?? '') >= asked;
    });
    expect(await actionsOn(argocd, requester, { kind: 'ShareItem', name })).toEqual(['verify']);
    expect(await actionsOn(argocd, requester, { kind: 'ShareRequest', name: 'weekly' })).toEqual(['reapply', 'verify']);
    expect(await actionsOn(argocd, owner, { kind: 'Dataset', name: 'orders' })).toEqual(['reapply', 'verify']);
    expect(await actionsOn(argocd, owner, { kind: 'ShareApproval', name: 'weekly' })).toEqual([]);
  });

  test('was never called drift because of what Sluice wrote, not even when all is compared anew', async () => {
    for (const { name } of [owner, requester]) {
      await refresh(name, 'hard');
      await until('Argo CD has looked again', async () => {
        const { metadata } = await get<{ readonly metadata: { readonly annotations: Readonly<Record<string, string>> } }>(
          'application',
          name,
          argocdNamespace,
        );
        return metadata.annotations['argocd.argoproj.io/refresh'] === undefined;
      });
      await shows(name, { sync: 'Synced', health: 'Healthy' });
    }
    expect(said.length).toBeGreaterThan(10);
    expect(said.drifts()).toEqual([]);
  });

  test('is drift when somebody edits by hand what git says, and is healed', async () => {
    const drift = (): Promise<string> =>
      kubectl(['get', 'dataset', 'orders', '-n', owner.namespace, '--output', 'jsonpath={.spec.sharing.drift}']);
    const patch = JSON.stringify({ spec: { sharing: { drift: 'Reapply' } } });
    await kubectl(['patch', 'dataset', 'orders', '-n', owner.namespace, '--type=merge', '--patch', patch]);
    await until('git is right again', async () => (await drift()) === 'Report');
    expect(said.drifts()).toEqual([expect.stringMatching(/^team-sales at /)]);
    await shows(owner.name, { sync: 'Synced', health: 'Healthy' });
  });

  test('is taken back when the request is removed from git: Argo CD prunes it, and the role reads no more', async () => {
    await commit(requester, 'no longer needed', { 'weekly.yaml': [role()] });
    await until('the role reads no more', async () => !(await world.reads('analysts', 'orders')), 60);
    await shows(requester.name, { sync: 'Synced', health: 'Healthy' }, 60);
    expect(await kubectl(['get', 'sharerequests,shareitems', '-n', requester.namespace, '--output', 'name'])).toBe('');
    expect(await world.bucketPolicy('orders')).toBeUndefined();
    await shows(owner.name, { sync: 'Synced', health: 'Suspended' });
    const made = await commit(owner, 'withdraw', { 'approval.yaml': null });
    await shows(owner.name, { sync: 'Synced', health: 'Healthy', commit: made });
  });
});

describe('sync waves', () => {
  const inWave = (object: object, wave: number): object => {
    const { metadata, ...rest } = object as { readonly metadata: object };
    return { ...rest, metadata: { ...metadata, annotations: { 'argocd.argoproj.io/sync-wave': String(wave) } } };
  };
  const report = (wave: number): object =>
    inWave(
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'report', namespace: requester.namespace },
        data: { of: 'orders' },
      },
      wave,
    );
  const reports = (): Promise<string> =>
    kubectl(['get', 'configmap', 'report', '-n', requester.namespace, '--ignore-not-found', '--output', 'name']);

  test('a request in the last wave lets the sync end while it waits for its owner', async () => {
    const made = await commit(requester, 'the share last', { 'weekly.yaml': [report(0), role(), inWave(request(), 1)] });
    await shows(requester.name, { sync: 'Synced', health: 'Suspended', operation: 'Succeeded', commit: made });
    expect(await reports()).toBe('configmap/report\n');
    const gone = await commit(requester, 'begin again', { 'weekly.yaml': [role()] });
    await shows(requester.name, { sync: 'Synced', health: 'Healthy', operation: 'Succeeded', commit: gone }, 60);
  });

  test('a request in an earlier wave keeps the sync running until its owner consents, and what depends on it waits', async () => {
    await commit(requester, 'the share first', { 'weekly.yaml': [role(), inWave(request(), 0), report(1)] });
    await until('the sync waits for the share', async () => {
      const application = await shows(requester.name, { operation: 'Running' });
      expect(healthOf(application, 'ShareRequest', 'weekly')).toMatch(/^Suspended: /);
      return application.status?.operationState?.message?.includes('healthy state of sluice.dev/ShareRequest/weekly') === true;
    });
    expect(await reports()).toBe('');
    await commit(owner, 'share the orders', { 'approval.yaml': [approval()] });
    await shows(requester.name, { sync: 'Synced', health: 'Healthy', operation: 'Succeeded' });
    expect(await reports()).toBe('configmap/report\n');
    expect(await world.reads('analysts', 'orders')).toBe(true);
  });
});
