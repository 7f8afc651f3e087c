/**
 * `make up`, `make sandbox`, `make down`: all parts of a sandbox, in order. Each command may be given again at any time: what runs is
 * left alone, what has crashed is started again, and what is half there is removed. Only one of them works on a folder at a time.
 */
import { existsSync, mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { accessCluster } from '../cluster/access.ts';
import type { ClusterAccess } from '../cluster/access.ts';
import { ensureBinaries } from '../cluster/binaries.ts';
import { applyChart, operatorNamespace } from '../cluster/chart.ts';
import { startCluster, stopCluster } from '../cluster/cluster.ts';
import { withLock } from '../cluster/lock.ts';
import { externalId, operatorArn, region } from '../world.ts';
import { ownedPaths, readIfThere, sandboxFolder, writeAtomically, writeEnvironment } from './folder.ts';
import type { SandboxEnvironment, SandboxFolder } from './folder.ts';
import { writeShellTools } from './shell-tools.ts';
import { startAws, startOperator, stopPart } from './parts.ts';

/** Secret with the external id, as the Environments of the examples name it. */
const externalIdSecret = 'sluice-aws';

/** What to start, and where to say what is going on. */
export interface UpOptions {
  readonly operator: boolean;
  readonly log: (line: string) => void;
}

/** Starts what isn't running yet and returns the variables that are also in the file `env`. */
export async function up({ operator, log }: UpOptions, folder: SandboxFolder = sandboxFolder()): Promise<SandboxEnvironment> {
  const waiting = (pid: number): void => log(`Another command (pid ${pid}) is working on ${folder.dir}: waiting for it.`);
  return withLock(folder.lock, waiting, async () => {
    mkdirSync(folder.logs, { recursive: true, mode: 0o700 });
    const cluster = await openCluster(folder, log);
    log('Installing CRDs, RBAC and admission policies from charts/sluice');
    await applyChart(cluster);
    const { serviceAccount, flags } = await operatorDeployment(cluster);
    const moved = await prepareOperator(cluster, folder, serviceAccount);
    const aws = await startAws(folder, log);
    if (!operator) await stopPart(folder, 'operator');
    const running = operator ? await startOperator(folder, aws, { restart: aws.fresh || moved, flags, log }) : undefined;
    const environment: SandboxEnvironment = {
      KUBECONFIG: cluster.kubeconfig,
      SLUICE_OPERATOR_KUBECONFIG: folder.operatorKubeconfig,
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_REGION: region,
      SLUICE_OPERATOR_ARN: operatorArn,
      SLUICE_OPERATOR_ACCESS_KEY_ID: aws.operator.accessKeyId,
      SLUICE_OPERATOR_SECRET_ACCESS_KEY: aws.operator.secretAccessKey,
      SLUICE_OPERATOR_NAMESPACE: operatorNamespace,
      ...(running !== undefined && { SLUICE_OPERATOR_PID: String(running) }),
    };
    writeShellTools(folder, (await ensureBinaries(log)).kubectl);
    writeEnvironment(folder, environment);
    return environment;
  });
}

/** Ends everything that belongs to the folder and removes it, whatever state it is in. Files that aren't the sandbox's stay. */
export async function down(log: (line: string) => void, folder: SandboxFolder = sandboxFolder()): Promise<void> {
  if (!existsSync(folder.dir)) {
    log(`Nothing to stop: there is no ${folder.dir}.`);
    return;
  }
  const waiting = (pid: number): void => log(`Another command (pid ${pid}) is working on ${folder.dir}: waiting for it.`);
  await withLock(folder.lock, waiting, async () => {
    await stopPart(folder, 'operator');
    await stopPart(folder, 'aws');
    const borrowed = readIfThere(folder.borrowedCluster)?.trim();
    if (borrowed !== undefined) await leaveCluster(folder, borrowed, log);
    await stopCluster(folder.cluster);
    for (const path of ownedPaths(folder)) rmSync(path, { recursive: true, force: true });
  });
  removeIfEmpty(folder.dir);
  log(`Stopped. Nothing of ${folder.dir} is running any more.`);
}

// Somebody who waited for the lock may be starting all of it again at this very moment: then the folder stays.
function removeIfEmpty(dir: string): void {
  try {
    rmdirSync(dir);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

async function openCluster(folder: SandboxFolder, log: (line: string) => void): Promise<ClusterAccess> {
  const given = givenKubeconfig(folder);
  if (given === undefined) {
    return startCluster({ dir: folder.cluster, log, lifetime: 'detached' });
  }
  log(`Using the cluster of KUBECONFIG=${given}. To have one started instead: unset KUBECONFIG`);
  if (existsSync(folder.cluster)) {
    throw new Error(`${folder.dir} has a cluster of its own already: run "make down" first, or choose another SLUICE_DIR.`);
  }
  const cluster = await borrowedCluster(folder, given, log);
  if (!existsSync(folder.borrowedCluster)) await assertNotInstalled(cluster, given);
  writeAtomically(folder.borrowedCluster, `${given}\n`);
  return cluster;
}

// The sandbox's release has no replicas: put over an installation that somebody uses, it would switch that off.
async function assertNotInstalled(cluster: ClusterAccess, kubeconfig: string): Promise<void> {
  const releases = await cluster.helm(['list', '--namespace', operatorNamespace, '--short']);
  if (!releases.split('\n').includes('sluice')) return;
  throw new Error(
    `The cluster of ${kubeconfig} has a release "sluice" in ${operatorNamespace} already, and the sandbox would switch its operator off. ` +
      'Unset KUBECONFIG to have a cluster started, or uninstall that release first.',
  );
}

/** The kubeconfig of a cluster that the user brings along. One that a sandbox wrote into this very folder doesn't count: `env` exports it. */
function givenKubeconfig(folder: SandboxFolder): string | undefined {
  const given = process.env['KUBECONFIG'];
  if (!given || resolve(given) === folder.clusterKubeconfig) return undefined;
  if (!existsSync(given))
    throw new Error(`KUBECONFIG names ${given}, which isn't there. To have a cluster started: unset KUBECONFIG`);
  return resolve(given);
}

async function borrowedCluster(folder: SandboxFolder, kubeconfig: string, log: (line: string) => void): Promise<ClusterAccess> {
  return accessCluster({ kubeconfig, dir: `${folder.dir}/tools`, binaries: await ensureBinaries(log) });
}

async function leaveCluster(folder: SandboxFolder, kubeconfig: string, log: (line: string) => void): Promise<void> {
  const cluster = await borrowedCluster(folder, kubeconfig, log);
  log(`Removing the release from the cluster of ${kubeconfig}; CRDs and their objects stay.`);
  await cluster.helm(['uninstall', 'sluice', '--namespace', operatorNamespace, '--ignore-not-found']).catch((error: unknown) => {
    log(`That failed, so the release may still be there. ${error instanceof Error ? error.message : String(error)}`);
  });
  await cluster
    .kubectl(['delete', 'secret', externalIdSecret, '--namespace', operatorNamespace, '--ignore-not-found'])
    .catch(() => undefined);
}

/**
 * The operator's kubeconfig, and the Secret with the external id.
 * @returns whether the cluster has another address than before, so that an operator that runs already talks to nobody.
 */
async function prepareOperator(cluster: ClusterAccess, folder: SandboxFolder, serviceAccount: string): Promise<boolean> {
  const metadata = { name: externalIdSecret, namespace: operatorNamespace };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { externalId } };
  await cluster.kubectl(['apply', '--server-side', '--filename', '-'], { input: JSON.stringify(secret) });
  const before = serverOf(folder.operatorKubeconfig);
  await cluster.serviceAccountKubeconfig(operatorNamespace, serviceAccount, folder.operatorKubeconfig);
  return serverOf(folder.operatorKubeconfig) !== before;
}

function serverOf(kubeconfig: string): string | undefined {
  const text = readIfThere(kubeconfig);
  return text === undefined ? undefined : /"server": "([^"]+)"/.exec(text)?.[1];
}

/** What the chart runs: the same ServiceAccount and the same flags as in a cluster with nodes. */
async function operatorDeployment(cluster: ClusterAccess): Promise<OperatorDeployment> {
  const selector = ['--selector', 'app.kubernetes.io/name=sluice'];
  const text = await cluster.kubectl(['get', 'deployments', '--namespace', operatorNamespace, ...selector, '--output', 'json']);
  const { items } = JSON.parse(text) as { items: readonly { spec: { template: { spec: PodSpec } } }[] };
  const pod = items[0]?.spec.template.spec;
  if (!pod) throw new Error('The chart made no Deployment, so its ServiceAccount and flags are unknown: look at charts/sluice.');
  return { serviceAccount: pod.serviceAccountName, flags: pod.containers[0]?.args ?? [] };
}

interface OperatorDeployment {
  readonly serviceAccount: string;
  readonly flags: readonly string[];
}

interface PodSpec {
  readonly serviceAccountName: string;
  readonly containers: readonly { readonly args?: readonly string[] }[];
}
