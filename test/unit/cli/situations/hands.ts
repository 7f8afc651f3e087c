/**
 * A running operator, one share, and whoever spoils it: what people do to the cluster and to AWS, for tests that ask afterwards why the share is not Ready. On a virtual clock; the
 * statuses are the operator's own.
 */
import type { KubeObject } from '../../../../src/kube/object.ts';
import type { DirectService } from '../../../../sandbox/aws/direct.ts';
import { approvalManifest, owner, requester, requestManifest } from '../../../worlds/manifests.ts';
import { plain } from '../../../worlds/plain.ts';
import { apply, consumer, createScene, producer, type Scene, type Setup } from '../../../worlds/scene.ts';
import { runOn, type Ran } from '../harness.ts';
import { createSceneClient } from '../scene-client.ts';

const setup: Setup = { ...plain, drift: 'Report', watchLagMs: 10, latencyMs: 5 };

/** The share's bucket and role. */
export const bucket = 'acme-orders';
export const roleArn = `arn:aws:iam::${consumer}:role/etl`;

type Spec = Record<string, unknown>;

/** Hands on a world. */
export interface Hands {
  readonly scene: Scene;
  /** Changes the spec of an object; keys as in the store, such as team-sales/orders. */
  edit(plural: string, key: string, change: (spec: Spec) => Spec): void;
  create(plural: string, object: KubeObject): void;
  remove(plural: string, key: string): void;
  /** Does something in AWS as an account's administrator. */
  act(account: string, service: DirectService, operation: string, input: object): unknown;
  /** The request q0 for Read, or as said. */
  request(more?: Spec): void;
  /** The owner's approval of it, or as said. */
  approve(more?: Spec): void;
  wait(seconds: number): Promise<void>;
  /** Types kubectl share in a namespace; time goes on while it waits. */
  share(namespace: string, line: string): Promise<Ran>;
  /** The ShareItem of q0, as kind/name. */
  item(): string;
}

/** A world in which no operator runs yet. */
export function createHands(change: Partial<Setup> = {}): Hands {
  const scene = createScene({ ...setup, ...change }, 1);
  const { objects } = scene.api;
  const asked = { items: [true], permissions: ['Read'] } as const;
  const withSpec = (object: KubeObject, more: Spec): KubeObject => ({
    ...object,
    spec: { ...(object as { readonly spec?: Spec }).spec, ...more },
  });
  return {
    scene,
    edit: (plural, key, changeSpec) => {
      const old = objects.get(plural, key);
      if (old === undefined) throw new Error(`there is no ${plural} ${key}`);
      objects.replace(plural, key, { ...old, spec: changeSpec((old as { readonly spec?: Spec }).spec ?? {}) });
    },
    create: (plural, object) => void objects.create(plural, object),
    remove: (plural, key) => objects.delete(plural, key, {}),
    act: (account, service, operation, input) => scene.aws.direct.act(account, { service, operation, input }),
    request: (more = {}) => apply(scene, 'sharerequests', withSpec(requestManifest(scene, 0, asked), more)),
    approve: (more = {}) =>
      apply(scene, 'shareapprovals', withSpec(approvalManifest(scene, 0, { ...asked, second: false, rejects: false }), more)),
    wait: (seconds) => scene.clock.advance(seconds * 1000),
    share: (namespace, line) =>
      runOn({ clock: scene.clock, client: createSceneClient(scene), namespace }, line.split(' '), { seconds: 90 }),
    item: () => `shareitem/${objects.list('shareitems')[0]?.metadata.name ?? 'none'}`,
  };
}

/** Statements of others in the bucket's policy. */
export function putBucketPolicy(hands: Hands, ...Statement: readonly object[]): void {
  hands.act(producer, 's3', 'PutBucketPolicy', { Bucket: bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) });
}

/** An object of ours. */
export function manifest(kind: string, metadata: { readonly name: string; readonly namespace?: string }, spec: Spec): KubeObject {
  return { apiVersion: 'sluice.dev/v1alpha1', kind, metadata, spec };
}

export { consumer, owner, producer, requester };
