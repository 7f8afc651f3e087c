/**
 * The sandbox of the guides in this process and on a virtual clock: its accounts in an AWS stand-in, the objects of examples/platform, a running operator, and a shell that
 * knows as much of kubectl as the guides type. Everything that is shown follows from a seed, so that pages can be held to it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { createAws, type Aws } from '../../../sandbox/aws/index.ts';
import { operatorPolicy, operatorRolePolicy, trust } from '../../../sandbox/operator-policy.ts';
import { accounts, externalId, operatorArn } from '../../../sandbox/world.ts';
import { kinds } from '../../../src/api/index.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';
import { createApiServer, type ApiServer } from '../../worlds/api-server.ts';
import { createLife } from '../../worlds/life.ts';
import { runOperator } from '../../worlds/operator.ts';
import { runOn } from '../cli/harness.ts';
import { createSceneClient } from '../cli/scene-client.ts';

const root = join(import.meta.dirname, '../../..');
const start = Date.parse('2026-11-21T14:03:50Z');
/** Slow enough that people see something happen. */
const awsLatencyMs = 400;
/** Longer than any command of the page waits. */
const patienceSeconds = 300;
const operatorNamespace = 'sluice-system';

/** The world of a guide. */
export interface GuideWorld {
  /** Runs a line as a shell would and returns what it prints, with `answer` behind the question that it asks. */
  readonly shell: (line: string, answer?: string) => Promise<string>;
  stop(): void;
}

/** Starts it: the platform team has done its part, and the owner has declared his Dataset. */
export async function createGuideWorld(): Promise<GuideWorld> {
  const clock = createVirtualClock({ start, turns: 2 });
  const aws = createAws({ clock, seed: 1 });
  const accessKeyId = seedAccounts(aws);
  const api = createApiServer(clock);
  api.watchLagMs = 10;
  aws.faults.add({ kind: 'latency', ms: awsLatencyMs });
  for (const object of platformObjects()) create(api, object);
  const life = createLife(clock);
  let died: unknown;
  runOperator({
    life,
    transport: api.transport(life),
    aws,
    accessKeyId,
    installation: 'x7k2m9qa',
    operatorNamespace,
    verifyIntervalMs: 3_600_000,
    orphanSweepMs: 24 * 3_600_000,
    wire: false,
    random: () => 0.5,
  }).catch((error: unknown) => (died = error));
  for (const path of ['owner/dataset.yaml', 'requester/consumption-role.yaml'])
    for (const each of example(path)) create(api, each);
  await clock.advance(10_000);
  const state = { exitCode: 0 };
  return {
    shell: async (line, answer) => {
      if (died !== undefined) throw new Error('the operator ended by itself', { cause: died });
      return shell({ api, clock, state }, line, answer);
    },
    stop: () => life.end(),
  };
}

interface Shell {
  readonly api: ApiServer;
  readonly clock: VirtualClock;
  readonly state: { exitCode: number };
}

async function shell({ api, clock, state }: Shell, line: string, answer: string | undefined): Promise<string> {
  if (line === 'echo $?') return `${String(state.exitCode)}\n`;
  const applied = /^kubectl apply -f examples\/(\S+)$/.exec(line)?.[1];
  if (applied !== undefined)
    return example(applied)
      .map((object) => `${create(api, object)} created\n`)
      .join('');
  const args = /^kubectl share (.+)$/.exec(line)?.[1];
  if (args === undefined) throw new Error(`the shell of the guides does not know: ${line}`);
  // Whoever waits begins at once, also behind a dry run; whoever looks does so when the operator has had its time.
  if (!/^watch | --dry-run/.test(args)) await clock.advance(10_000);
  const place = { clock, client: createSceneClient({ api }), namespace: 'default' };
  const words = [...args.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
  const ran = await runOn(place, words, { seconds: patienceSeconds, ...(answer === undefined ? {} : { answer }) });
  state.exitCode = ran.code;
  return ran.all;
}

function example(path: string): KubeObject[] {
  return parseAllDocuments(readFileSync(join(root, 'examples', path), 'utf8')).map((document) => document.toJS() as KubeObject);
}

function platformObjects(): KubeObject[] {
  const namespaces = example('platform/namespaces.yaml').map((object) => ({ ...object, spec: {} }));
  const data = { externalId: Buffer.from(externalId).toString('base64') };
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'sluice-aws', namespace: operatorNamespace },
    data,
    spec: {},
  };
  return [...namespaces, secret, ...example('platform/environments.yaml')];
}

function create({ objects }: ApiServer, object: KubeObject): string {
  const own = kinds.find(({ kind }) => kind === object.kind);
  objects.create(own?.plural ?? `${object.kind.toLowerCase()}s`, object);
  return `${own?.singular ?? object.kind.toLowerCase()}.sluice.dev/${object.metadata.name}`;
}

function seedAccounts(aws: Aws): string {
  const { accessKeyId } = aws.seed.user(accounts.platform, 'sluice-operator', { policies: { assume: operatorPolicy(['*']) } });
  for (const account of [accounts.sales, accounts.analytics])
    aws.seed.role(account, 'sluice', {
      trust: trust(operatorArn, externalId),
      policies: { sluice: operatorRolePolicy(account) },
    });
  aws.seed.bucket(accounts.sales, 'acme-orders');
  aws.seed.role(accounts.analytics, 'analysts');
  return accessKeyId;
}
