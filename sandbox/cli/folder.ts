/**
 * The folder of one sandbox ($SLUICE_DIR, default .sluice) and what lies where in it. Two folders are two sandboxes that know nothing
 * of each other. Also the file `env`, through which people and programs find the sandbox.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';

/** Paths of one sandbox. */
export interface SandboxFolder {
  readonly dir: string;
  readonly cluster: string;
  readonly clusterKubeconfig: string;
  readonly operatorKubeconfig: string;
  /** What the AWS stand-in says once it listens: see aws-server.ts. */
  readonly awsReady: string;
  /** There when the sandbox uses a cluster that the user brought along: its kubeconfig. */
  readonly borrowedCluster: string;
  readonly env: string;
  /** `kubectl` with its plugin, and `sandbox`, for the shell: see shell-tools.ts. */
  readonly bin: string;
  readonly logs: string;
  readonly records: string;
  readonly lock: string;
}

/** Everything that `make down` removes; the folder itself may hold files of the user's own. */
export function ownedPaths(folder: SandboxFolder): string[] {
  const { cluster, operatorKubeconfig, awsReady, borrowedCluster, env, bin, logs, records } = folder;
  return [env, cluster, operatorKubeconfig, awsReady, borrowedCluster, bin, logs, records, join(folder.dir, 'tools')];
}

/** The sandbox folder that the environment names; relative paths count from the project's root, not from where somebody stands. */
export function sandboxFolder(environment: NodeJS.ProcessEnv = process.env): SandboxFolder {
  const root = join(import.meta.dirname, '../..');
  const given = environment['SLUICE_DIR'] || '.sluice';
  const dir = isAbsolute(given) ? given : resolve(root, given);
  return {
    dir,
    cluster: join(dir, 'cluster'),
    clusterKubeconfig: join(dir, 'cluster', 'kubeconfig'),
    operatorKubeconfig: join(dir, 'operator.kubeconfig'),
    awsReady: join(dir, 'aws.json'),
    borrowedCluster: join(dir, 'borrowed-cluster'),
    env: join(dir, 'env'),
    bin: join(dir, 'bin'),
    logs: join(dir, 'logs'),
    records: join(dir, 'run'),
    // Beside the folder's content, since whoever holds it may be removing that content.
    lock: join(dir, '.lock'),
  };
}

/** The variables of a running sandbox, in the order in which they are written. */
export interface SandboxEnvironment {
  /** Administrator of the cluster. */
  readonly KUBECONFIG: string;
  /** The chart's ServiceAccount. */
  readonly SLUICE_OPERATOR_KUBECONFIG: string;
  readonly AWS_ENDPOINT_URL: string;
  readonly AWS_REGION: string;
  /** The identity with which the operator calls AWS: what a role in a new account must trust. */
  readonly SLUICE_OPERATOR_ARN: string;
  readonly SLUICE_OPERATOR_ACCESS_KEY_ID: string;
  readonly SLUICE_OPERATOR_SECRET_ACCESS_KEY: string;
  readonly SLUICE_OPERATOR_NAMESPACE: string;
  /** Only with `make up`. */
  readonly SLUICE_OPERATOR_PID?: string;
}

/**
 * Writes the file `env` in one step. Assignments stand first, one a line; then a line that exports them all, and one that puts
 * `kubectl` and `sandbox` on the PATH.
 */
export function writeEnvironment(folder: SandboxFolder, environment: SandboxEnvironment): void {
  const entries = Object.entries(environment) as [string, string][];
  const lines = entries.map(([name, value]) => `${name}=${quoted(value)}`);
  const exports = `export ${entries.map(([name]) => name).join(' ')}`;
  writeAtomically(folder.env, `${lines.join('\n')}\n${exports}\nexport PATH=${quoted(folder.bin)}:"$PATH"\n`);
}

/** Reads the file `env` of a running sandbox; undefined when there is none. */
export function readEnvironment(folder: SandboxFolder): SandboxEnvironment | undefined {
  const text = readIfThere(folder.env);
  if (text === undefined) return undefined;
  const pairs = text.split('\n').flatMap((line) => /^([A-Z_]+)=(.*)$/.exec(line)?.slice(1, 3) ?? []);
  const entries = pairs.flatMap((name, index) => (index % 2 === 0 ? [[name, unquoted(pairs[index + 1] ?? '')] as const] : []));
  return Object.fromEntries(entries) as unknown as SandboxEnvironment;
}

function quoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

function unquoted(text: string): string {
  return text.startsWith("'") ? text.slice(1, -1).replaceAll(`'\\''`, "'") : text;
}

/** Writes a file that only its owner can read; nobody ever sees half of it. */
export function writeAtomically(file: string, text: string): void {
  const unfinished = `${file}.${process.pid}.tmp`;
  writeFileSync(unfinished, text, { mode: 0o600 });
  renameSync(unfinished, file);
}

/** The content of a file, or undefined when it isn't there. */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
