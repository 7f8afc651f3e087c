/**
 * The whole product for a test: the chart on the shared API server, the AWS stand-in in this process (behind HTTP, so that faults and calls are at hand), and the
 * operator as a real process under the chart's ServiceAccount. A file starts it once; each test makes a `World` of its own: accounts, namespaces, Environments.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createWriteStream, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { createAws, listenAws, type Aws, type SeededRole } from '../../sandbox/aws/index.ts';
import { operatorNamespace } from '../../sandbox/cluster/chart.ts';
import { operatorPolicy, operatorRolePolicy, trust } from '../../sandbox/operator-policy.ts';
import { systemClock } from '../../src/clock.ts';
import { types } from '../../src/controllers/cluster.ts';
import { createClient, type Client } from '../../src/kube/client.ts';
import { loadClusterConfig, type Credentials } from '../../src/kube/cluster-config.ts';
import { isConflict, isNotFound } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { ResourceType } from '../../src/kube/resource.ts';
import { createTransport } from '../../src/kube/transport.ts';
import { awsClients, type AwsClients } from './aws.ts';
import { apply, installChart, kubeconfig, kubectl, serviceAccountKubeconfig, uniqueNamespace } from './cluster.ts';

const region = 'eu-west-1';
const platformAccount = '999988887777';
const operatorArn = `arn:aws:iam::${platformAccount}:user/sluice-operator`;
const externalId = 'test-external-id';

/** The running product. */
export interface Sluice extends Omit<StandIn, 'close'> {
  /** The administrator's client of the cluster. */
  readonly client: Client;
  readonly operator: OperatorProcess;
  /** One more process of the operator, not started; who makes it stops it. With another KUBECONFIG in `env` it is the operator of another cluster. */
  replica(env?: Readonly<Record<string, string>>): OperatorProcess;
  stop(): Promise<void>;
}

/** The operator's process. */
export interface OperatorProcess {
  /** Resolves when it leads; with `standby` when its caches are complete, so that it can take over. */
  start(as?: 'leader' | 'standby'): Promise<void>;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
  /** SIGKILL: no good-bye. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  readonly running: boolean;
  readonly pid: number | undefined;
  /** Everything that it logged. */
  log(): string;
  /** Text of /metrics. */
  metrics(): Promise<string>;
}

/** What is in a world. */
export interface WorldOptions {
  /** Short names; the real ones are made unique. @default ['orders'] */
  readonly buckets?: readonly string[];
  /** Buckets encrypted with a customer managed key of their own. */
  readonly encrypted?: readonly string[];
  /** Roles of the consumer account, as path and name. @default ['analysts', 'interns'] */
  readonly roles?: readonly string[];
  /** More of the producer's Environment spec. */
  readonly producerSpec?: Readonly<Record<string, unknown>>;
}

/** Accounts and namespaces of one test. */
export interface World {
  readonly producer: {
    readonly account: string;
    readonly environment: string;
    readonly namespace: string;
    readonly admin: AwsClients;
  };
  readonly consumer: {
    readonly account: string;
    readonly environment: string;
    readonly namespace: string;
    readonly admin: AwsClients;
  };
  /** Real bucket names by short name; each holds `data/hello.txt` with the content `hello`. */
  readonly buckets: Readonly<Record<string, string>>;
  /** Key ARNs by the short name of the bucket. */
  readonly keys: Readonly<Record<string, string>>;
  /** Roles by the name that was asked for. */
  readonly roles: Readonly<Record<string, SeededRole>>;
  dataset(name: string, spec?: Readonly<Record<string, unknown>>): object;
  role(name: string, spec?: Readonly<Record<string, unknown>>): object;
  request(
    name: string,
    spec: { readonly dataset?: string; readonly role?: string; readonly items: readonly string[] } & Readonly<
      Record<string, unknown>
    >,
  ): object;
  approval(name: string, spec: ApprovalOptions): object;
  /** Can the role read the object of the bucket (short name)? */
  reads(role: string, bucket: string): Promise<boolean>;
  lists(role: string, bucket: string): Promise<boolean>;
  /** The bucket's policy as its administrator sees it; undefined where there is none. */
  bucketPolicy(bucket: string): Promise<unknown>;
}

/** What an approval says; the rest is filled in. */
export interface ApprovalOptions {
  readonly dataset?: string;
  readonly request: string;
  readonly role?: string;
  readonly items: readonly (
    string | { readonly name: string; readonly permissions?: readonly string[]; readonly digest?: string }
  )[];
  readonly permissions?: readonly string[];
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** AWS for an operator that runs somewhere: the stand-in behind HTTP, the operator's user, the Secret with the external id. */
export interface StandIn {
  readonly aws: Aws;
  /** Address of the stand-in. */
  readonly endpoint: string;
  /** Environment variables of an operator that shall work with it. */
  readonly env: Readonly<Record<string, string>>;
  /** Makes accounts, namespaces and Environments that no other test has, and waits until the operator has found the Environments good. */
  world(options?: WorldOptions): Promise<World>;
  /** Takes the worlds out of the cluster and stops listening. */
  close(): Promise<void>;
}

/** Starts the stand-in. The operator's namespace has to be there. `host`: where it listens, 127.0.0.1 if nothing is said. */
export async function startStandIn(host?: string): Promise<StandIn> {
  const aws = createAws({ clock: systemClock });
  const server = await listenAws(aws, { port: 0, ...(host === undefined ? {} : { host }) });
  const user = aws.seed.user(platformAccount, 'sluice-operator', { policies: { assume: operatorPolicy(['*']) } });
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'sluice-test-aws', namespace: operatorNamespace },
    stringData: { externalId },
  };
  await apply([secret]);
  const worlds: World[] = [];
  return {
    aws,
    endpoint: server.url,
    env: {
      AWS_ENDPOINT_URL: server.url,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: user.accessKeyId,
      AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    world: async (options) => {
      const world = await createWorld(aws, options ?? {});
      worlds.push(world);
      return world;
    },
    close: async () => {
      await removeWorlds(worlds);
      await server.close();
    },
  };
}

/** Starts the product. Call `stop` in afterAll. */
export async function startSluice(
  options: {
    readonly flags?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    /** The operator's entry point. @default 'src/main.ts' */
    readonly program?: string;
  } = {},
): Promise<Sluice> {
  await installChart();
  const standIn = await startStandIn();
  const operatorConfig = await serviceAccountKubeconfig(operatorNamespace, 'sluice');
  const replica: Sluice['replica'] = (env = {}) =>
    createOperatorProcess({
      program: options.program ?? 'src/main.ts',
      flags: [`--operator-namespace=${operatorNamespace}`, ...(options.flags ?? [])],
      env: { KUBECONFIG: operatorConfig, ...standIn.env, ...options.env, ...env },
    });
  const operator = replica();
  await operator.start();
  const transport = createTransport({ config: loadClusterConfig({ kubeconfig: kubeconfig() }) });
  return {
    ...standIn,
    client: createClient(transport),
    operator,
    replica,
    stop: async () => {
      await operator.stop();
      await standIn.close();
      await transport.close();
    },
  };
}

/**
 * Takes the worlds out of the shared cluster, as the operator (nobody else may take its finalizers away): the accounts are gone with the stand-in, and the next
 * file's operator shall not look for them.
 */
async function removeWorlds(worlds: readonly World[]): Promise<void> {
  const config = loadClusterConfig({ kubeconfig: kubeconfig() });
  const user = `system:serviceaccount:${operatorNamespace}:sluice`;
  const asOperator = async (): Promise<Credentials> => {
    const { headers, tls } = await config.credentials();
    return { headers: { ...headers, 'Impersonate-User': user }, tls };
  };
  const transports = {
    operator: createTransport({ config: { ...config, credentials: asOperator } }),
    admin: createTransport({ config }),
  };
  const [operator, admin] = [createClient(transports.operator), createClient(transports.admin)];
  const gone = (error: unknown): void => {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  };
  const release = async (type: ResourceType, object: KubeObject): Promise<void> => {
    const { name, namespace, finalizers } = object.metadata;
    const ref = { name, ...(namespace === undefined ? {} : { namespace }) };
    if (finalizers?.some((each) => each.startsWith('sluice.dev/')))
      await operator.mergePatch(type, { ...ref, body: { metadata: { finalizers: null } } }).catch(gone);
  };
  for (const { producer, consumer } of worlds) {
    for (const { namespace } of [producer, consumer]) {
      await admin.delete(types.namespace, { name: namespace }).catch(gone);
      for (const type of [types.item, types.request, types.dataset, types.role] as readonly ResourceType[]) {
        const { items } = await admin.list(type, { namespace });
        await Promise.all(items.map((object) => release(type, object)));
      }
    }
    for (const { environment } of [producer, consumer]) {
      await admin.delete(types.environment, { name: environment }).catch(gone);
      await admin
        .get(types.environment, { name: environment })
        .then((object) => release(types.environment as ResourceType, object), gone);
    }
  }
  await Promise.all([transports.operator.close(), transports.admin.close()]);
}

/**
 * Polls until `check` returns without throwing and its result is not false; the last failure is the error after `seconds`. For what another process does; what a
 * Clock decides is tested with a virtual one.
 */
export async function until<T>(what: string, check: () => Promise<T | false>, seconds = 20): Promise<T> {
  const end = performance.now() + seconds * 1000;
  let last: unknown = 'it stayed false';
  while (performance.now() < end) {
    try {
      const result = await check();
      if (result !== false) return result;
    } catch (error) {
      last = error;
    }
    await sleep(50);
  }
  throw new Error(
    `not true after ${String(seconds)} s: ${what}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
    { cause: last },
  );
}

function createOperatorProcess(options: {
  readonly program: string;
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}): OperatorProcess {
  const logFile = join(mkdtempSync(join(tmpdir(), 'sluice-operator-')), 'operator.log');
  const state: { child: ChildProcess | undefined; port: number | undefined; started: number } = {
    child: undefined,
    port: undefined,
    started: 0,
  };
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(AWS_|SLUICE_|KUBECONFIG$|NODE_OPTIONS$|VITEST)/.test(name)),
  );
  const log = (): string => readFileSync(logFile, 'utf8');
  const isRunning = (): boolean => state.child?.exitCode === null && state.child.signalCode === null;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const { child } = state;
    if (child === undefined || !isRunning()) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  };
  const start: OperatorProcess['start'] = async (as = 'leader') => {
    const output = createWriteStream(logFile, { flags: 'a' });
    await new Promise((resolve) => output.once('open', resolve));
    state.started = readFileSync(logFile).length;
    state.child = spawn(process.execPath, [options.program, '--metrics-address=127.0.0.1:0', ...options.flags], {
      cwd: join(import.meta.dirname, '../..'),
      env: { ...inherited, ...options.env },
      stdio: ['ignore', output, output],
    });
    const tail = (): string => log().slice(state.started);
    state.port = await until('the operator serves its metrics', () => {
      if (!isRunning()) throw new Error(`the operator ended: ${tail()}`);
      const line = /"port":(\d+).*"msg":"serving/.exec(tail());
      return Promise.resolve(line === null ? false : Number(line[1]));
    });
    if (as === 'leader') await until('the operator leads', () => Promise.resolve(tail().includes('this replica leads now')), 40);
    else await until('the operator is ready', async () => (await fetch(`http://127.0.0.1:${String(state.port)}/readyz`)).ok);
  };
  return {
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM');
      await start();
    },
    get running() {
      return isRunning();
    },
    get pid() {
      return state.child?.pid;
    },
    log,
    metrics: async () => (await fetch(`http://127.0.0.1:${String(state.port)}/metrics`)).text(),
  };
}

async function createWorld(aws: Aws, options: WorldOptions): Promise<World> {
  const id = randomInt(36 ** 6)
    .toString(36)
    .padStart(6, '0');
  const account = (): string => String(randomInt(100_000_000_000, 999_999_999_999));
  const [producerAccount, consumerAccount] = [account(), account()];
  const namespaces = { producer: await uniqueNamespace('owner'), consumer: await uniqueNamespace('requester') };
  for (const each of [producerAccount, consumerAccount]) {
    aws.seed.role(each, 'sluice', { trust: trust(operatorArn, externalId), policies: { sluice: operatorRolePolicy(each) } });
  }
  const encrypted = options.encrypted ?? [];
  const keys = Object.fromEntries(encrypted.map((name) => [name, aws.seed.key(producerAccount).arn]));
  const names = [...(options.buckets ?? ['orders']), ...encrypted];
  const buckets = Object.fromEntries(names.map((name) => [name, `${name}-${id}`]));
  for (const [short, bucket] of Object.entries(buckets)) {
    const key = keys[short];
    aws.seed.bucket(producerAccount, bucket, key === undefined ? {} : { encryption: { algorithm: 'aws:kms', keyArn: key } });
    aws.seed.object(bucket, 'data/hello.txt', 'hello');
  }
  const roles = Object.fromEntries(
    (options.roles ?? ['analysts', 'interns']).map((full) => [full, seedRole(aws, consumerAccount, full)]),
  );
  const environments = { producer: `producer-${id}`, consumer: `consumer-${id}` };
  const environment = (name: string, accountId: string, spec: object): object => ({
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Environment',
    metadata: { name },
    spec: {
      accountId,
      region,
      assumeRole: {
        arn: `arn:aws:iam::${accountId}:role/sluice`,
        externalIdSecretRef: { name: 'sluice-test-aws', key: 'externalId' },
      },
      ...spec,
    },
  });
  const named = (namespace: string): object => ({ from: 'Names', names: [namespace] });
  await apply([
    environment(environments.producer, producerAccount, {
      allowedNamespaces: named(namespaces.producer),
      claims: [{ namespaces: named(namespaces.producer), buckets: ['*'], kmsKeys: ['*'] }],
      ...options.producerSpec,
    }),
    environment(environments.consumer, consumerAccount, {
      allowedNamespaces: named(namespaces.consumer),
      claims: [{ namespaces: named(namespaces.consumer), roles: ['*', 'role/*', 'user/*'] }],
    }),
  ]);
  await kubectl([
    'wait',
    '--for=condition=Ready',
    `environment/${environments.producer}`,
    `environment/${environments.consumer}`,
    '--timeout=30s',
  ]);
  const producer = {
    account: producerAccount,
    environment: environments.producer,
    namespace: namespaces.producer,
    admin: awsClients(aws, producerAccount),
  };
  const consumer = {
    account: consumerAccount,
    environment: environments.consumer,
    namespace: namespaces.consumer,
    admin: awsClients(aws, consumerAccount),
  };
  const object = (kind: string, metadata: object, spec: object): object => ({
    apiVersion: 'sluice.dev/v1alpha1',
    kind,
    metadata,
    spec,
  });
  const as = (role: string): S3Client => awsClients(aws, aws.seed.session(roles[role] ?? { arn: role })).s3;
  const allowed = async (attempt: Promise<unknown>): Promise<boolean> =>
    attempt.then(
      () => true,
      (error: unknown) => {
        if (error instanceof Error && error.name === 'AccessDenied') return false;
        throw error;
      },
    );
  return {
    producer,
    consumer,
    buckets,
    keys,
    roles,
    dataset: (name, spec = {}) =>
      object(
        'Dataset',
        { name, namespace: producer.namespace },
        {
          environmentRef: { name: producer.environment },
          buckets: Object.entries(buckets).map(([short, bucket]) => ({
            name: bucket,
            ...(keys[short] === undefined ? {} : { kmsKeyArn: keys[short] }),
          })),
          ...spec,
        },
      ),
    role: (name, spec = {}) =>
      object(
        'ConsumptionRole',
        { name: shortName(name), namespace: consumer.namespace },
        { environmentRef: { name: consumer.environment }, principalArn: roles[name]?.arn, ...spec },
      ),
    request: (name, { dataset = 'orders', role = 'analysts', items, ...spec }) =>
      object(
        'ShareRequest',
        { name, namespace: consumer.namespace },
        {
          datasetRef: { namespace: producer.namespace, name: dataset },
          principal: { kind: 'ConsumptionRole', name: shortName(role) },
          items: items.map((item) => itemRef(item, buckets)),
          ...spec,
        },
      ),
    approval: (name, { dataset = 'orders', request, role = 'analysts', items, permissions = ['Read'], spec = {} }) =>
      object(
        'ShareApproval',
        { name, namespace: producer.namespace },
        {
          datasetRef: { name: dataset },
          requestRef: { namespace: consumer.namespace, name: request },
          decision: 'Approved',
          principal: { arn: roles[role]?.arn ?? role },
          items: items.map((item) =>
            typeof item === 'string'
              ? { ...itemRef(item, buckets), permissions }
              : { permissions, ...item, ...itemRef(item.name, buckets) },
          ),
          ...spec,
        },
      ),
    reads: async (role, bucket) =>
      allowed(
        as(role)
          .send(new GetObjectCommand({ Bucket: buckets[bucket], Key: 'data/hello.txt' }))
          .then((answer) => answer.Body?.transformToString()),
      ),
    lists: async (role, bucket) => allowed(as(role).send(new ListObjectsV2Command({ Bucket: buckets[bucket] }))),
    bucketPolicy: async (bucket) => {
      const { GetBucketPolicyCommand } = await import('@aws-sdk/client-s3');
      try {
        const { Policy } = await producer.admin.s3.send(new GetBucketPolicyCommand({ Bucket: buckets[bucket] }));
        return JSON.parse(Policy ?? 'null') as unknown;
      } catch (error) {
        if (error instanceof Error && error.name === 'NoSuchBucketPolicy') return undefined;
        throw error;
      }
    },
  };
}

/** `orders` is the bucket of that short name, `folder:raw` the Dataset's folder raw. */
function itemRef(item: string, buckets: Readonly<Record<string, string>>): { readonly type: string; readonly name: string } {
  return item.startsWith('folder:')
    ? { type: 'Folder', name: item.slice('folder:'.length) }
    : { type: 'Bucket', name: buckets[item] ?? item };
}

function seedRole(aws: Aws, account: string, full: string): SeededRole {
  const slash = full.lastIndexOf('/');
  return slash < 0
    ? aws.seed.role(account, full)
    : aws.seed.role(account, full.slice(slash + 1), { path: `/${full.slice(0, slash)}/` });
}

function shortName(role: string): string {
  return role.slice(role.lastIndexOf('/') + 1).toLowerCase();
}
