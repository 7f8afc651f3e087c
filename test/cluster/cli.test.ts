/**
 * `kubectl share` as people use it: the real kubectl finds the plugin on the PATH, talks to the real API server with the rights of the chart's roles and nothing
 * more, and the running operator answers.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBinaries } from '../../sandbox/cluster/binaries.ts';
import { CommandError, run } from '../../sandbox/cluster/run.ts';
import { receivedShareName, shareApprovalName } from '../../src/shares/names.ts';
import { apply, kubeconfig, kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';

const root = join(import.meta.dirname, '../..');
const bin = mkdtempSync(join(tmpdir(), 'sluice-bin-'));
let sluice: Sluice;

beforeAll(async () => {
  const plugin = join(bin, 'kubectl-share');
  writeFileSync(plugin, `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'src/cli/main.ts')}' "$@"\n`);
  chmodSync(plugin, 0o755);
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
  rmSync(bin, { recursive: true });
});

interface Answer {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

/** Runs `kubectl share …` and returns what a person would see. */
async function share(args: readonly string[], input?: string): Promise<Answer> {
  const env = {
    ...process.env,
    KUBECONFIG: kubeconfig(),
    PATH: [bin, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
  };
  const binaries = await ensureBinaries(() => undefined);
  try {
    const out = await run(binaries.kubectl, ['share', ...args], { env, ...(input === undefined ? {} : { input }) });
    return { code: 0, out, err: '' };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { code: error.exitCode, out: error.stdout, err: error.stderr };
  }
}

type Person = (...args: readonly string[]) => Promise<Answer>;

/** Somebody with one role of the chart in one namespace. */
async function personWith(role: string, namespace: string): Promise<Person> {
  const user = `${role}-${namespace}`;
  await kubectl(['create', 'rolebinding', user, `--clusterrole=${role}`, `--user=${user}`, '-n', namespace]);
  return (...args) => share([...args, '--as', user, ...(args.includes('-n') ? [] : ['-n', namespace])]);
}

interface Stage {
  readonly world: World;
  readonly requester: Person;
  readonly approver: Person;
  readonly received: string;
}

/** A request that waits for its owner. */
async function stage(): Promise<Stage> {
  const world = await sluice.world();
  await apply([
    world.dataset('orders'),
    world.role('analysts'),
    world.request('weekly', { items: ['orders'], purpose: 'Weekly revenue report' }),
  ]);
  const received = receivedShareName({ namespace: world.consumer.namespace, name: 'weekly' });
  const requester = await personWith('sluice-requester', world.consumer.namespace);
  const approver = await personWith('sluice-approver', world.producer.namespace);
  await until('the request waits for consent', async () =>
    (await approver('inbox', '--pending', '-o', 'name')).out.includes(received),
  );
  await until('the plan is there', async () => (await approver('inbox', received)).out.includes('Approval would change:'));
  return { world, requester, approver, received };
}

describe('kubectl share', () => {
  it('takes a share from question to consent, to use and back, with no rights but those of the two roles', async () => {
    const { world, requester, approver, received } = await stage();
    const why = await requester('why', 'weekly');
    expect(why).toMatchObject({ code: 3 });
    expect(why.out).toContain('PendingApproval');
    expect(why.out).toContain('owner: Decide');
    expect((await requester('watch', 'weekly', '--timeout', '2s')).code).toBe(6);

    const shown = await approver('inbox', received);
    expect(shown.out).toContain('Weekly revenue report');
    expect(shown.out).toContain(`bucket policy of ${String(world.buckets['orders'])}: allow`);
    expect((await approver('approve', received, '--dry-run=server')).code).toBe(0);
    expect((await approver('approve', received)).code).toBe(2);
    expect((await approver('approve', `${world.consumer.namespace}/weekly`, '--yes', '--expire', '90d')).code).toBe(0);

    const watched = await requester('watch', 'weekly', '--timeout', '60s');
    expect(watched).toMatchObject({ code: 0 });
    expect(watched.out).toContain('ShareSucceeded');
    expect(await world.reads('analysts', 'orders')).toBe(true);

    expect((await requester('status', 'weekly')).out).toMatch(/└─ Applied {2}iam:share-policy\//);
    expect((await requester('logs', 'weekly')).out).toMatch(/s3:PutBucketPolicy .* Succeeded$/m);
    expect(await requester('verify', 'weekly')).toMatchObject({ code: 0, out: expect.stringContaining('Healthy') as string });
    expect(await requester('why', 'weekly')).toMatchObject({ code: 0 });
    const who = await approver('who', 'orders');
    expect(who.out).toContain(`${world.consumer.account}:analysts`);
    expect(who.out).toContain(shareApprovalName('Approved', { namespace: world.consumer.namespace, name: 'weekly' }));

    expect((await approver('reject', received, '--yes', '--reason', 'not any more')).code).toBe(0);
    const ended = await requester('watch', 'weekly', '--timeout', '60s');
    expect(ended.out).toContain('not any more');
    await until('the role reads no more', async () => !(await world.reads('analysts', 'orders')));
    const again = await approver('approve', received, '--yes');
    expect(again).toMatchObject({ code: 3, err: expect.stringContaining('a rejection wins over every approval') as string });
  });

  it('plans exactly what is written afterwards', async () => {
    const { world, approver, received } = await stage();
    const request = JSON.stringify(world.request('weekly', { items: ['orders'] }));
    const planned = await share(['plan', '-f', '-', '-o', 'json'], request);
    expect(planned.code).toBe(0);
    const { documents } = JSON.parse(planned.out) as { documents: { statements: unknown[]; calls: string[]; target: string }[] };
    expect((await approver('approve', received, '--yes')).code).toBe(0);
    await kubectl(['wait', '--for=condition=Ready', 'sharerequest/weekly', '-n', world.consumer.namespace, '--timeout=30s']);
    expect(await world.bucketPolicy('orders')).toMatchObject({ Statement: documents[0]?.statements });
    const logs = JSON.parse((await share(['logs', 'weekly', '-n', world.consumer.namespace, '-o', 'json'])).out) as {
      action: string;
    }[];
    expect(logs.map(({ action }) => action)).toEqual(documents.flatMap(({ calls }) => calls));
    const everybody = await share(['who', `${world.producer.namespace}/orders`, '-A', '-o', 'json']);
    expect(JSON.parse(everybody.out)).toMatchObject([
      { principal: world.roles['analysts']?.arn, permissions: ['Read'], phase: 'ShareSucceeded' },
    ]);
  });

  it('says what is missing to those who lack a right, and does nothing for them', async () => {
    const { world, requester, approver, received } = await stage();
    const viewer = await personWith('sluice-view', world.producer.namespace);
    for (const refused of [
      await requester('inbox', '-n', world.producer.namespace),
      await requester('status', '-A'),
      await requester('orphans'),
      await approver('status', '-n', world.consumer.namespace),
      await approver('status'),
      await viewer('approve', received, '--yes'),
    ]) {
      expect(refused.code).toBe(5);
      expect(refused.err).toMatch(/cannot \w+ resource .*\n.*sluice-\w+/);
    }
    // RBAC lets her write approvals; the admission policy asks for the verb approve on the Dataset.
    const namespace = world.producer.namespace;
    await kubectl([
      'create',
      'role',
      'writer',
      '--verb=create,patch,get,list',
      '--resource=shareapprovals.sluice.dev',
      '-n',
      namespace,
    ]);
    const user = `sluice-view-${namespace}`;
    await kubectl(['create', 'rolebinding', 'writer', '--role=writer', `--user=${user}`, '-n', namespace]);
    const refused = await viewer('approve', received, '--yes');
    expect(refused).toMatchObject({ code: 5, err: expect.stringContaining('needs the verb approve on it') as string });
    expect(await requester('reapply', 'weekly')).toMatchObject({
      code: 5,
      err: expect.stringContaining('needs the verb approve on its Dataset') as string,
    });
    expect(await kubectl(['get', 'shareapprovals', '-n', namespace, '-o', 'name'])).toBe('');
    expect((await requester('plan', 'weekly')).out).toContain("That is the consumer's side");
  });

  it('has an owner’s Dataset compared and written again, and the platform team’s Environment swept', async () => {
    const { world, approver, received } = await stage();
    await approver('approve', received, '--yes');
    await kubectl(['wait', '--for=condition=Ready', 'sharerequest/weekly', '-n', world.consumer.namespace, '--timeout=30s']);
    const owner = await personWith('sluice-owner', world.producer.namespace);
    expect(await owner('verify', 'dataset/orders')).toMatchObject({ code: 0 });
    expect(await owner('reapply', 'dataset/orders')).toMatchObject({ code: 0 });
    expect(await share(['verify', `environment/${world.producer.environment}`])).toMatchObject({ code: 0 });
    expect(await share(['orphans', world.producer.environment])).toMatchObject({ code: 0, out: '' });
  });
});
