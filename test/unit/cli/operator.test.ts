/**
 * `kubectl share` beside the whole operator, on one virtual clock: what people do with the one, and what the other makes of it in the AWS stand-in. The API server is the
 * one of the random worlds, so rights are not part of this: they are in test/cluster/cli.test.ts.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { receivedShareName } from '../../../src/shares/names.ts';
import { accessIn, holds, right, type Right } from '../../worlds/access.ts';
import { breakShared, isOurs, ownPolicies, statementsOf } from '../../worlds/by-hand.ts';
import { createLife } from '../../worlds/life.ts';
import { owner, requester, requestManifest } from '../../worlds/manifests.ts';
import { plain } from '../../worlds/plain.ts';
import { apply, consumer, createScene, installation, type Scene, type Setup } from '../../worlds/scene.ts';
import { runOn, type Ran, type RunOptions } from './harness.ts';
import { createSceneClient } from './scene-client.ts';

const setup: Setup = {
  ...plain,
  buckets: 2,
  drift: 'Report',
  watchLagMs: 10,
  latencyMs: 20,
  encrypted: [false, true, false],
  foreign: ['some', 'none', 'none'],
};
const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
const received = receivedShareName({ namespace: requester, name: 'q0' });
const scenes: Scene[] = [];

afterAll(() => {
  for (const { life } of scenes) life.end();
  rmSync(folder, { recursive: true });
});

type As = (line: string, options?: RunOptions) => Promise<Ran>;

/** A running operator, and the two sides of a request for both buckets. */
async function stage(): Promise<{ readonly scene: Scene; readonly asks: As; readonly owns: As }> {
  const scene = createScene(setup, 1);
  scenes.push(scene);
  scene.start();
  apply(scene, 'sharerequests', requestManifest(scene, 0, { items: [true, true], permissions: ['Read', 'Write'] }));
  await scene.clock.advance(10_000);
  const { clock } = scene;
  const client = createSceneClient(scene);
  const as = (namespace: string) => (line: string, options?: RunOptions) =>
    runOn({ clock, client, namespace }, line.split(' '), options);
  return { scene, asks: as(requester), owns: as(owner) };
}

describe('kubectl share beside a running operator', () => {
  test('leads a request to consent, to use, and back', async () => {
    const { scene, asks, owns } = await stage();
    const may = right(0, 0, 'Read');
    expect((await asks('why q0')).out).toContain('owner: Decide');
    expect((await owns('inbox --pending -o name')).out).toBe(`receivedshare/${received}\n`);
    expect((await owns(`approve ${requester}/q0 --yes --expire 30d`)).code).toBe(0);
    const watched = await asks('watch q0', { seconds: 60 });
    expect(watched.code).toBe(0);
    expect(watched.out).toContain('Processed  Succeeded');
    expect(holdsNow(scene, may)).toBe(true);
    expect((await asks('why q0')).code).toBe(0);
    expect(JSON.parse((await owns('who orders -o json')).out)).toMatchObject([
      { item: 'acme-orders', principal: scene.roles[0]?.arn, permissions: ['Read', 'Write'], until: '2026-01-31T00:00:10Z' },
      { item: 'acme-orders-2' },
    ]);
    expect((await owns(`reject ${received} --yes`)).code).toBe(0);
    await scene.clock.advance(1000);
    expect((await asks('watch q0', { seconds: 60 })).code).toBe(3);
    await scene.clock.advance(5000);
    expect(holdsNow(scene, may)).toBe(false);
    expect((await owns('who')).out).toBe('');
  });

  test('plans offline exactly the statements that follow, and the calls', async () => {
    const { scene, asks, owns } = await stage();
    const objects = [
      ...scene.api.objects.list('environments'),
      ...scene.api.objects.list('datasets'),
      ...scene.api.objects.list('consumptionroles'),
      ...scene.api.objects.list('sharerequests'),
    ];
    const file = join(folder, 'all.json');
    writeFileSync(file, JSON.stringify({ kind: 'List', items: objects.map(({ status: _unknown, ...object }) => object) }));
    const planned = await asks(`plan -f ${file} --offline --installation ${installation} -o json`);
    expect(planned.code).toBe(0);
    const { documents } = JSON.parse(planned.out) as { documents: { target: string; calls: string[]; statements: unknown[] }[] };
    scene.aws.calls.reset();
    await owns(`approve ${received} --yes`);
    await asks('watch q0', { seconds: 60 });
    const key = scene.keys[1] ?? '';
    for (const [target, document] of [
      ['s3:bucket-policy/111122223333/acme-orders', { kind: 'bucket', name: 'acme-orders' }],
      ['s3:bucket-policy/111122223333/acme-orders-2', { kind: 'bucket', name: 'acme-orders-2' }],
      [`kms:key-policy/${key}`, { kind: 'key', arn: key }],
    ] as const) {
      const statements = documents.find((each) => each.target === target)?.statements;
      expect(statementsOf(scene, document).filter(isOurs)).toEqual(statements);
    }
    const share = documents.find(({ target }) => target === `iam:share-policy/${scene.roles[0]?.arn ?? ''}`);
    expect(sharePolicies(scene)).toEqual([share?.statements]);
    const logged = JSON.parse((await asks('logs q0 -o json')).out) as { action: string; target: string }[];
    // The role's policy grows as the documents that it rests on come into place: there may be more writes of it than the plan needs, and none elsewhere.
    const written = new Set(logged.map(({ action, target }) => `${action} ${target}`));
    const foreseen = documents.flatMap(({ target, calls }) => calls.map((call) => `${call} ${target}`));
    expect(foreseen.filter((call) => !written.has(call))).toEqual([]);
    expect([...written].filter((call) => !foreseen.includes(call) && !call.startsWith('iam:CreatePolicyVersion '))).toEqual([]);
  });

  test('finds what somebody took away, and has it written again when asked', async () => {
    const { scene, asks, owns } = await stage();
    await owns(`approve ${received} --yes`);
    await asks('watch q0', { seconds: 60 });
    expect(await asks('verify q0', { seconds: 60 })).toMatchObject({
      code: 0,
      out: 'Bucket acme-orders  Healthy\nBucket acme-orders-2  Healthy\n',
    });
    expect(breakShared(scene, { kind: 'bucket', name: 'acme-orders' }, 'removeAll')).toBe(true);
    const verified = await asks('verify q0', { seconds: 60 });
    expect(verified.code).toBe(3);
    expect(verified.out).toMatch(
      /^Bucket acme-orders {2}Unhealthy {2}Bucket Policy Target Resource does not exist: acme-orders\n/,
    );
    expect((await asks('why q0')).out).toContain('Drifted');
    expect((await owns('verify dataset/orders', { seconds: 60 })).code).toBe(3);
    expect((await owns('reapply dataset/orders', { seconds: 60 })).code).toBe(0);
    expect((await asks('verify q0', { seconds: 60 })).code).toBe(0);
    expect((await asks('logs q0')).out).toMatch(/s3:PutBucketPolicy .*acme-orders +Repaired/);
  });

  test('has an Environment searched for orphans, and tells of them', async () => {
    const { scene, owns } = await stage();
    expect((await owns('orphans sales')).code).toBe(3);
    expect((await owns('verify environment/sales', { seconds: 60 })).code).toBe(0);
    expect(await owns('orphans sales')).toMatchObject({ code: 0, out: '' });
    expect(scene.died).toBeUndefined();
  });

  test('where no operator runs, a question stays open and an object unjudged', async () => {
    const scene = createScene(setup, 1);
    scenes.push(scene);
    scene.life = createLife(scene.clock);
    apply(scene, 'sharerequests', requestManifest(scene, 0, { items: [true, true], permissions: ['Read'] }));
    const place = { clock: scene.clock, client: createSceneClient(scene), namespace: requester };
    expect(await runOn(place, ['why', 'q0'])).toMatchObject({
      code: 3,
      out: expect.stringContaining('no operator runs') as string,
    });
    expect((await runOn(place, ['verify', 'q0', '--timeout', '5s'], { seconds: 6 })).code).toBe(6);
  });
});

/** The statements of each share policy in the consumer's account. */
function sharePolicies(scene: Scene): unknown[] {
  const iam = (operation: string, input: object): unknown => scene.aws.direct.act(consumer, { service: 'iam', operation, input });
  return ownPolicies(scene, consumer).map((PolicyArn) => {
    const { Policy } = iam('GetPolicy', { PolicyArn }) as { Policy: { DefaultVersionId: string } };
    const answer = iam('GetPolicyVersion', { PolicyArn, VersionId: Policy.DefaultVersionId });
    const { PolicyVersion } = answer as { PolicyVersion: { Document: string } };
    return (JSON.parse(decodeURIComponent(PolicyVersion.Document)) as { Statement: unknown }).Statement;
  });
}

function holdsNow(scene: Scene, wanted: Right): boolean {
  return holds(accessIn(scene), wanted);
}
