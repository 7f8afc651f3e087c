/** What is said where the platform team has set something up twice, and where somebody writes in the same moment: conditions and Events of the whole operator. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Environment } from '../../src/api/index.ts';
import type { EventRecord } from '../../src/kube/events.ts';
import { editForeign } from './by-hand.ts';
import { approvalManifest, environmentManifests, requestManifest } from './manifests.ts';
import { plain } from './plain.ts';
import { apply, createScene, type Scene, type Setup } from './scene.ts';

const setup: Setup = { ...plain, foreign: ['some', 'none', 'none'] };
const soonMs = 20_000;

const scenes: Scene[] = [];
afterEach(() => {
  for (const scene of scenes.splice(0)) scene.life.end();
});

function aScene(): Scene {
  const scene = createScene(setup, 1);
  scenes.push(scene);
  return scene;
}

function share(scene: Scene): void {
  const asked = { items: [true], permissions: ['Read'] as const };
  apply(scene, 'sharerequests', requestManifest(scene, 0, asked));
  apply(scene, 'shareapprovals', approvalManifest(scene, 0, { ...asked, second: false, rejects: false }));
}

const environment = ({ api }: Scene, name: string) => api.objects.get('environments', name) as Environment;
const conditionsOf = (object: Environment): Record<string, string> =>
  Object.fromEntries((object.status?.conditions ?? []).map(({ type, status, reason }) => [type, `${status}/${reason}`]));
const writes = ({ aws }: Scene) => aws.calls.writes().filter(({ operation }) => operation !== 'AssumeRole');

describe('an Environment', () => {
  it('for an account and Region that an older one serves says which, and the older one goes on', async () => {
    const scene = aScene();
    await scene.clock.advance(1000);
    const [, sales] = environmentManifests()[0] ?? [];
    if (sales === undefined) throw new Error('there are two Environments');
    apply(scene, 'environments', { ...sales, metadata: { name: 'sales-again' } });
    scene.start();
    await scene.clock.advance(soonMs);
    const again = environment(scene, 'sales-again');
    expect(conditionsOf(again)).toMatchObject({ Ready: 'False/DuplicateEnvironment', Stalled: 'True/DuplicateEnvironment' });
    expect(again.status?.conditions?.find(({ type }) => type === 'Ready')?.message).toContain('Environment sales ');
    expect(conditionsOf(environment(scene, 'sales'))).toMatchObject({ Ready: 'True/Succeeded' });
  });

  it('that another installation serves is left alone, and nothing is written in AWS for its shares', async () => {
    const scene = aScene();
    for (const name of ['sales', 'analytics'])
      scene.api.objects.replaceStatus('environments', name, { uid: undefined, status: { installation: 'dcba4321' } });
    share(scene);
    scene.start();
    await scene.clock.advance(soonMs);
    const { status } = environment(scene, 'sales');
    expect(conditionsOf(environment(scene, 'sales'))).toMatchObject({ Ready: 'False/OwnedByAnotherInstallation' });
    expect(status?.installation).toBe('dcba4321');
    expect(writes(scene)).toEqual([]);
  });
});

describe('somebody who writes a document right after Sluice has', () => {
  it('is told in an Event that one of the two changes may have been lost', async () => {
    const scene = aScene();
    const told: EventRecord[] = [];
    scene.onEvent = (event) => void told.push(event);
    const off = scene.aws.onCall(({ phase, operation }) => {
      if (phase !== 'after' || operation !== 'PutBucketPolicy') return;
      off();
      editForeign(scene, { kind: 'bucket', name: 'acme-orders' }, 'add');
    });
    share(scene);
    scene.start();
    await scene.clock.advance(20 * soonMs);
    const ours = told.filter(({ reason }) => reason === 'ConcurrentForeignChange');
    expect(ours).toMatchObject([{ type: 'Warning', note: expect.stringContaining('somebody else changed') as string }]);
  });
});
