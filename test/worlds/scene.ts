/**
 * What every world consists of: two accounts with buckets, keys and look-alike roles in an AWS stand-in, an API server, people's objects in it, and an operator that
 * can be killed. All of it on one virtual clock. What happens in a world is operations.ts; what must hold is checks.ts.
 */
import { createAws, type Aws } from '../../sandbox/aws/index.ts';
import { operatorPolicy, operatorRolePolicy, trust } from '../../sandbox/operator-policy.ts';
import type { EventRecord } from '../../src/kube/events.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts';
import { createApiServer, type ApiServer } from './api-server.ts';
import { createLife, type Life } from './life.ts';
import { datasetManifest, datasetsOf, environmentManifests, platformManifests, roleManifest } from './manifests.ts';
import { keyOf } from './objects.ts';
import { runOperator } from './operator.ts';

/** The installation, and the accounts of data and of principals. */
export const installation = 'abcd1234';
export const producer = '111122223333';
export const consumer = '444455556666';
const platform = '999988887777';
const operatorArn = `arn:aws:iam::${platform}:user/sluice-operator`;
const externalId = 'worlds';

/** AWS is read back this often (ms). */
export const verifyIntervalMs = 600_000;
const orphanSweepMs = 24 * 3_600_000;

/** Whose watch is behind. */
export const lateKinds = [
  'all',
  'environments',
  'consumptionroles',
  'datasets',
  'sharerequests',
  'shareapprovals',
  'shareitems',
  'receivedshares',
] as const;

/** How a world is set up; everything else happens in it. */
export interface Setup {
  /** How many buckets and roles there are, from the beginning of the lists. */
  readonly buckets: 1 | 2 | 3;
  readonly roles: 1 | 2 | 3;
  /** How many folders of the first bucket there are, from the beginning of the list. */
  readonly folders: 0 | 1 | 2;
  readonly drift: 'Reapply' | 'Report';
  /** Calls to AWS really go over the wire. */
  readonly wire: boolean;
  /** How late the operator hears of changes (ms), and of which kinds: each has a watch of its own. The others it hears of at once. */
  readonly watchLagMs: number;
  readonly late: Late;
  /** How long an AWS call takes (ms). */
  readonly latencyMs: number;
  /** How long AWS shows old documents after a write (ms). */
  readonly staleMs: number;
  /** By bucket: encrypted with a key of its own. */
  readonly encrypted: readonly [boolean, boolean, boolean];
  /** By bucket: what other people have in its policy. */
  readonly foreign: readonly [Foreign, Foreign, Foreign];
  /** By role. */
  readonly management: readonly [Management, Management, Management];
  /** Managed policies that a role may have. */
  readonly attachmentQuota: number;
}

/** All kinds, or one by its plural. */
export type Late = (typeof lateKinds)[number];

/** What other people have in a bucket policy at the beginning. nearlyFull: no room for anybody else. */
export type Foreign = 'none' | 'some' | 'odd' | 'nearlyFull';
/** Who looks after a principal's policies. */
export type Management = 'Managed' | 'Detached' | 'External';

/** What can be shared: a bucket, or a folder of it. `Beyond` is what lies outside of all folders, asked for through their access points: never shared. */
export interface Place {
  readonly type: 'Bucket' | 'Folder' | 'Beyond';
  /** As an item of a request. */
  readonly name: string;
  /** Index of the bucket. */
  readonly bucket: number;
  /** What keys begin with, before the slash. */
  readonly prefix: string;
}

/** An IAM role. Names are prefixes of each other, and one is used in both accounts. */
export interface ScenePrincipal {
  readonly account: string;
  readonly name: string;
  readonly path: string;
  readonly arn: string;
}

/** A running world. */
export interface Scene {
  readonly setup: Setup;
  readonly aws: Aws;
  readonly api: ApiServer;
  readonly clock: VirtualClock;
  readonly buckets: readonly string[];
  readonly places: readonly Place[];
  /** By bucket; undefined: not encrypted with a key. */
  readonly keys: readonly (string | undefined)[];
  readonly roles: readonly ScenePrincipal[];
  /** The operator that lives now, or lived last. */
  life: Life;
  /** What made an operator end by itself: always a bug. */
  died: Error | undefined;
  /** At rest nothing goes wrong: what was to happen at some later call waits until the rest is over. */
  calm: boolean;
  /** Hears what is told as Events. */
  onEvent: (event: EventRecord) => void;
  /** Starts an operator, unless one lives. */
  start(): void;
}

const role = (account: string, name: string, path: string): ScenePrincipal => ({
  account,
  name,
  path,
  arn: `arn:aws:iam::${account}:role${path}${name}`,
});

const allRoles = [role(consumer, 'etl', '/'), role(consumer, 'etl-1', '/teams/'), role(producer, 'etl', '/')];
const allBuckets = ['acme-orders', 'acme-orders-2', 'acme-logs'];
// One prefix begins like the other.
const allFolders: readonly Place[] = ['raw', 'raw2'].map((name) => ({ type: 'Folder', name, bucket: 0, prefix: name }));
const beyond: Place = { type: 'Beyond', name: '', bucket: 0, prefix: 'data' };

function placesOf(setup: Setup, buckets: readonly string[]): readonly Place[] {
  const whole = buckets.map((name, bucket): Place => ({ type: 'Bucket', name, bucket, prefix: 'data' }));
  return setup.folders === 0 ? whole : [...whole, ...allFolders.slice(0, setup.folders), beyond];
}

/** Sets a world up, with people's Datasets and ConsumptionRoles in place. No operator runs yet. */
export function createScene(setup: Setup, seed: number): Scene {
  const clock = createVirtualClock({ turns: 2 });
  const aws = createAws({
    clock,
    seed,
    settings: { staleReadMs: setup.staleMs, attachedPoliciesPerPrincipal: setup.attachmentQuota },
  });
  const accessKeyId = seedAccounts(aws);
  const [buckets, roles] = [allBuckets.slice(0, setup.buckets), allRoles.slice(0, setup.roles)];
  for (const [index, each] of roles.entries()) seedRole(aws, each, setup.management[index] ?? 'Managed');
  const places = placesOf(setup, buckets);
  const keys = buckets.map((bucket, index) => seedBucket(aws, bucket, { index, setup }));
  for (const { prefix, bucket } of places) aws.seed.object(buckets[bucket] ?? '', `${prefix}/hello`, 'hello');
  const api = createApiServer(clock);
  api.watchLagMs = setup.watchLagMs;
  api.late = setup.late;
  if (setup.latencyMs > 0) aws.faults.add({ kind: 'latency', ms: setup.latencyMs });
  const random = generator(seed);
  const { wire } = setup;
  const options = {
    wire,
    aws,
    accessKeyId,
    installation,
    operatorNamespace: 'sluice-system',
    verifyIntervalMs,
    orphanSweepMs,
    random,
  };
  const scene: Scene = {
    setup,
    aws,
    api,
    clock,
    buckets,
    places,
    keys,
    roles,
    life: createLife(clock),
    died: undefined,
    calm: false,
    onEvent: () => undefined,
    start: () => {
      if (scene.life.alive && scene.life !== unborn) return;
      scene.life = createLife(clock);
      const transport = api.transport(scene.life);
      runOperator({ ...options, life: scene.life, transport, onEvent: (event) => scene.onEvent(event) }).catch(
        (error: unknown) => {
          scene.died ??= error instanceof Error ? error : new Error('ended', { cause: error });
        },
      );
    },
  };
  const unborn = scene.life;
  for (const [plural, object] of platformManifests(externalId)) api.objects.create(plural, object);
  for (const [plural, object] of environmentManifests()) api.objects.create(plural, object);
  for (const name of datasetsOf(scene)) api.objects.create('datasets', datasetManifest(scene, name, {}));
  for (const index of roles.keys()) api.objects.create('consumptionroles', roleManifest(scene, index));
  return scene;
}

/** Makes or changes an object as its owner would with kubectl apply: spec and annotations. */
export function apply({ api }: Pick<Scene, 'api'>, plural: string, object: Parameters<ApiServer['objects']['create']>[1]): void {
  const key = keyOf(object);
  const old = api.objects.get(plural, key);
  if (old === undefined) {
    api.objects.create(plural, object);
    return;
  }
  const annotations = { ...old.metadata.annotations, ...object.metadata.annotations };
  api.objects.replace(plural, key, { ...old, metadata: { ...old.metadata, annotations }, spec: object.spec });
}

/** Makes a role as it was at the beginning, with a new unique id. */
export function seedRole(aws: Aws, { account, name, path }: ScenePrincipal, management: Management): void {
  // Who looks after his policies himself has some that let him do everything that others let him do. In the data's own account he needs none.
  const own = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: ['s3:*', 'kms:*'], Resource: '*' }],
  };
  aws.seed.role(account, name, { path, ...(management === 'External' && account !== producer ? { policies: { own } } : {}) });
}

function seedAccounts(aws: Aws): string {
  const { accessKeyId } = aws.seed.user(platform, 'sluice-operator', { policies: { assume: operatorPolicy(['*']) } });
  for (const account of [producer, consumer])
    aws.seed.role(account, 'sluice', {
      trust: trust(operatorArn, externalId),
      policies: { sluice: operatorRolePolicy(account) },
    });
  return accessKeyId;
}

function seedBucket(aws: Aws, bucket: string, { index, setup }: { index: number; setup: Setup }): string | undefined {
  const key = setup.encrypted[index] === true ? aws.seed.key(producer).arn : undefined;
  const policy = foreignPolicy(bucket, setup.foreign[index] ?? 'none');
  aws.seed.bucket(producer, bucket, {
    ...(key === undefined ? {} : { encryption: { algorithm: 'aws:kms', keyArn: key } }),
    ...(policy === undefined ? {} : { policy }),
  });
  return key;
}

/** Statements of others: they deny things that no share is about, and are awkward in every way that AWS allows. */
function foreignPolicy(bucket: string, kind: Foreign): object | undefined {
  const arn = `arn:aws:s3:::${bucket}`;
  const deny = { Effect: 'Deny', Principal: '*', Action: 's3:DeleteBucket', Resource: arn };
  const plain = { Condition: { Bool: { 'aws:SecureTransport': 'false' } }, ...deny, Action: 's3:*', Resource: [`${arn}/*`, arn] };
  const filler = Array.from({ length: 95 }, (_, n) => `${arn}/${'archive'.repeat(25)}/${String(n)}`);
  const statements = {
    none: [],
    some: [{ Sid: 'TlsOnly', ...plain }],
    odd: [{ Sid: 'Same', ...deny }, deny, { Sid: '', ...deny }, { ...plain, Sid: 'Sluice' }],
    nearlyFull: [{ ...deny, Action: ['s3:DeleteObject'], Principal: '*', Resource: filler.slice(0, 94) }],
  }[kind];
  return statements.length === 0 ? undefined : { Version: '2012-10-17', Statement: statements };
}

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
