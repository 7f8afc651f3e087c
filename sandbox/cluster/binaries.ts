/**
 * The programs that the local cluster consists of, and where they come from: $KUBEBUILDER_ASSETS, else the cache in
 * ${XDG_CACHE_HOME:-~/.cache}/sluice/tools, else a build of the published Go modules that tools/go pins (go.mod, go.sum).
 * The cache lies outside the checkout, so that a second clone on the same machine builds nothing. Nothing is downloaded but Go modules.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isExecutable } from './executable.ts';
import { withLock } from './lock.ts';

/** Names of the programs, as their upstream projects call them. */
export type BinaryName = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kubectl' | 'helm';

/** What a cluster that runs pods needs besides; only the end-to-end tests do. */
export type NodeBinaryName = 'kubelet' | 'kube-scheduler';

/** Absolute path of each program. */
export type Binaries = Readonly<Record<BinaryName, string>>;

interface Source {
  /** Folder under tools/go with go.mod and go.sum. */
  readonly folder: string;
  /** The module whose version is the program's version. */
  readonly module: string;
  readonly package: string;
  /** -X flags: without them kubectl and helm think that they are v0.0.0 and refuse charts that ask for a version. */
  readonly stamp: (version: string) => readonly string[];
  /** About how long a first build takes on two cores, for the progress lines only. */
  readonly seconds: number;
}

const componentBase = 'k8s.io/component-base/version';
const kubernetes = (command: string, seconds: number): Source => ({
  folder: 'kubernetes',
  module: 'k8s.io/kubernetes',
  package: `k8s.io/kubernetes/cmd/${command}`,
  stamp: (version) => {
    const [major = '', minor = ''] = version.slice(1).split('.');
    const fields = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
    return Object.entries(fields).map(([field, value]) => `${componentBase}.${field}=${value}`);
  },
  seconds,
});

const controlPlane: Readonly<Record<BinaryName, Source>> = {
  etcd: {
    folder: 'etcd',
    module: 'go.etcd.io/etcd/server/v3',
    package: 'go.etcd.io/etcd/server/v3',
    stamp: () => [],
    seconds: 25,
  },
  'kube-apiserver': kubernetes('kube-apiserver', 210),
  'kube-controller-manager': kubernetes('kube-controller-manager', 50),
  kubectl: kubernetes('kubectl', 20),
  helm: {
    folder: 'helm',
    module: 'helm.sh/helm/v4',
    package: 'helm.sh/helm/v4/cmd/helm',
    stamp: (version) => [`helm.sh/helm/v4/internal/version.version=${version}`],
    seconds: 60,
  },
};

/** The programs of the local cluster, in the order in which they are built. */
export const binaryNames = Object.keys(controlPlane) as readonly BinaryName[];

const node: Readonly<Record<NodeBinaryName, Source>> = {
  'kube-scheduler': kubernetes('kube-scheduler', 30),
  kubelet: kubernetes('kubelet', 60),
};
const sources = { ...controlPlane, ...node };
type Name = BinaryName | NodeBinaryName;

const modulesFolder = join(import.meta.dirname, '../../tools/go');

/** Where Sluice keeps what it builds: ${XDG_CACHE_HOME:-~/.cache}/sluice. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'sluice');
}

/**
 * Finds all programs and builds the missing ones, telling what it does and what comes next.
 * @param log takes one line of progress at a time.
 * @throws when something has to be built and Go is missing, or when a build fails (with the compiler's output).
 */
export function ensureBinaries(log: (line: string) => void): Promise<Binaries> {
  return ensure(binaryNames, log);
}

/** The same for what runs pods. */
export function ensureNodeBinaries(log: (line: string) => void): Promise<Readonly<Record<NodeBinaryName, string>>> {
  return ensure(Object.keys(node) as NodeBinaryName[], log);
}

async function ensure<N extends Name>(names: readonly N[], log: (line: string) => void): Promise<Readonly<Record<N, string>>> {
  if (names.some((name) => find(name) === undefined)) {
    const onWait = (pid: number): void => log(`Another process (pid ${pid}) is building the tools: waiting for it.`);
    await withLock(join(cacheFolder(), 'tools', '.lock'), onWait, () => buildMissing(names, log));
  }
  return Object.fromEntries(names.map((name) => [name, find(name) ?? cachePath(name)])) as Record<N, string>;
}

function find(name: Name): string | undefined {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  return [...(assets ? [join(assets, name)] : []), cachePath(name)].find(isExecutable);
}

function cachePath(name: Name): string {
  const { folder } = sources[name];
  return join(cacheFolder(), 'tools', `${folder}-${versionOf(name)}`, name);
}

/** The version that tools/go pins, such as "v1.36.4". */
export function versionOf(name: Name): string {
  const { folder, module } = sources[name];
  const file = join(modulesFolder, folder, 'go.mod');
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .map((text) => text.trim().replace(/^require\s+/, ''))
    .find((text) => text.startsWith(`${module} v`));
  const version = line?.split(/\s+/)[1];
  if (version === undefined) throw new Error(`${file} doesn't require ${module}: add it, then run "go mod tidy" there.`);
  return version;
}

async function buildMissing(names: readonly Name[], log: (line: string) => void): Promise<void> {
  const missing = names.filter((name) => find(name) === undefined);
  // The process that we waited for may have built them all.
  if (missing.length === 0) return;
  const minutes = Math.ceil(missing.reduce((sum, name) => sum + sources[name].seconds, 0) / 60);
  log(`Building ${missing.join(', ')} from Go modules into ${join(cacheFolder(), 'tools')}.`);
  log(`This happens once per machine and takes about ${minutes} min on two cores.`);
  for (const [index, name] of missing.entries()) {
    const next = missing[index + 1];
    const place = `${index + 1} of ${missing.length}`;
    await build(name, (text) => log(`[${place}] ${name} ${versionOf(name)}: ${text}${next ? ` (next: ${next})` : ''}`));
  }
}

async function build(name: Name, log: (text: string) => void): Promise<void> {
  const started = performance.now();
  const elapsed = (): string => duration((performance.now() - started) / 1000);
  const target = cachePath(name);
  const unfinished = `${target}.${process.pid}.tmp`;
  mkdirSync(dirname(target), { recursive: true });
  removeUnfinished(target);
  log(`building, about ${duration(sources[name].seconds)}`);
  const ticker = setInterval(() => log(`still building after ${elapsed()}`), 15_000);
  try {
    await goBuild(name, unfinished);
    renameSync(unfinished, target);
    log(`built in ${elapsed()}`);
  } finally {
    clearInterval(ticker);
    rmSync(unfinished, { force: true });
  }
}

// What an interrupted build left: we hold the lock, so nobody is writing it any more.
function removeUnfinished(target: string): void {
  const folder = dirname(target);
  const unfinished = readdirSync(folder).filter((file) => file.startsWith(`${basename(target)}.`) && file.endsWith('.tmp'));
  for (const file of unfinished) rmSync(join(folder, file), { force: true });
}

function goBuild(name: Name, output: string): Promise<void> {
  const { folder, package: main, stamp } = sources[name];
  const flags = ['-s', '-w', ...stamp(versionOf(name)).flatMap((assignment) => ['-X', assignment])].join(' ');
  const args = ['build', '-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags', flags, '-o', output, main];
  // A go.work of the user's, or flags meant for another project, must not change what is built here.
  const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' };
  return new Promise((resolve, reject) => {
    const child = spawn('go', args, { cwd: join(modulesFolder, folder), env, stdio: ['ignore', 'pipe', 'pipe'] });
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => lines.push(text));
    child.once('error', () => reject(new Error(noGo(name))));
    child.once('close', (code) => {
      if (code === 0) resolve();
      else
        reject(
          new Error(`Building ${name} failed. Fix what Go says and run the same command again:\n${lines.join('').slice(-4_000)}`),
        );
    });
  });
}

function noGo(name: Name): string {
  return (
    `Go is needed to build ${name}, and there is no "go" on the PATH. Install it (https://go.dev/doc/install), ` +
    'or set KUBEBUILDER_ASSETS to a folder that holds ' +
    binaryNames.join(', ') +
    '.'
  );
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const rest = whole % 60 === 0 ? '' : ` ${whole % 60} s`;
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min${rest}`;
}
