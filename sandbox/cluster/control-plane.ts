/**
 * The three programs of the local control plane and the flags they get: etcd, kube-apiserver, kube-controller-manager.
 * Real authentication, RBAC, admission (ValidatingAdmissionPolicy is on by default), namespace deletion and garbage collection; no
 * scheduler and no node, so no pod ever runs. Everything listens on 127.0.0.1 only.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import type { ProcessSpec } from './processes.ts';

/** Where the control plane keeps what, under its own folder. */
export interface Layout {
  readonly dir: string;
  readonly etcdData: string;
  readonly certificates: string;
  /** Certificate of the API server's own, self-signed authority: what clients trust. */
  readonly certificateAuthority: string;
  readonly serviceAccountKey: string;
  readonly tokens: string;
  readonly kubeconfig: string;
  readonly controllerKubeconfig: string;
  readonly logs: string;
  readonly records: string;
}

/** Ports of one control plane. */
export interface Ports {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly api: number;
}

/** Bearer tokens of the two users that exist before anything else. */
export interface Tokens {
  readonly admin: string;
  readonly controllerManager: string;
}

/** The paths under `dir`. Touches no disk. */
export function layoutOf(dir: string): Layout {
  const certificates = join(dir, 'certificates');
  return {
    dir,
    etcdData: join(dir, 'etcd'),
    certificates,
    certificateAuthority: join(certificates, 'apiserver.crt'),
    serviceAccountKey: join(certificates, 'service-accounts.key'),
    tokens: join(certificates, 'tokens.csv'),
    kubeconfig: join(dir, 'kubeconfig'),
    controllerKubeconfig: join(dir, 'kube-controller-manager.kubeconfig'),
    logs: join(dir, 'logs'),
    records: join(dir, 'run'),
  };
}

/**
 * Makes the folders, the key that signs ServiceAccount tokens and the two users' tokens, unless they are there: a cluster that is
 * started again after a crash must accept the tokens that it gave out before.
 */
export function prepare(layout: Layout): Tokens {
  for (const folder of [layout.dir, layout.etcdData, layout.certificates, layout.logs, layout.records]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  if (!existsSync(layout.serviceAccountKey)) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(layout.serviceAccountKey, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  }
  if (!existsSync(layout.tokens)) {
    const [admin, controllerManager] = [randomBytes(24).toString('hex'), randomBytes(24).toString('hex')];
    const lines = [`${admin},admin,admin,system:masters`, `${controllerManager},system:kube-controller-manager,kcm`];
    writeFileSync(layout.tokens, `${lines.join('\n')}\n`, { mode: 0o600 });
  }
  return readTokens(layout);
}

function readTokens(layout: Layout): Tokens {
  const [admin, controllerManager] = readFileSync(layout.tokens, 'utf8')
    .split('\n')
    .map((line) => line.split(',')[0]);
  if (!admin || !controllerManager) throw new Error(`${layout.tokens} is damaged: remove ${layout.dir} and start again.`);
  return { admin, controllerManager };
}

/** etcd. Nothing of the sandbox has to survive a power failure, and without fsync writes are ten times faster. */
export function etcd(binaries: Binaries, layout: Layout, ports: Ports): ProcessSpec {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  const args = [
    '--name=default',
    `--data-dir=${layout.etcdData}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
  return { name: 'etcd', command: binaries.etcd, args, logFile: join(layout.logs, 'etcd.log') };
}

/** kube-apiserver, with the admission plugins that a cluster has by default. */
export function apiServer(binaries: Binaries, layout: Layout, ports: Ports): ProcessSpec {
  const args = [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    // The kubernetes Service would need an address that isn't loopback, and nobody in this cluster looks it up.
    '--endpoint-reconciler-type=none',
    `--secure-port=${ports.api}`,
    `--cert-dir=${layout.certificates}`,
    `--service-account-key-file=${layout.serviceAccountKey}`,
    `--service-account-signing-key-file=${layout.serviceAccountKey}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    // Without it a token for longer than this is cut down silently.
    '--service-account-max-token-expiration=8760h',
    `--token-auth-file=${layout.tokens}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--allow-privileged=true',
    '--profiling=false',
  ];
  return { name: 'kube-apiserver', command: binaries['kube-apiserver'], args, logFile: join(layout.logs, 'kube-apiserver.log') };
}

// What a cluster does to objects by itself, without nodes. Deployments are here so that a chart's status settles.
const controllers = [
  'namespace-controller',
  'garbage-collector-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'root-ca-certificate-publisher-controller',
  'clusterrole-aggregation-controller',
  'resourcequota-controller',
  'deployment-controller',
  'replicaset-controller',
  'validatingadmissionpolicy-status-controller',
];

/** kube-controller-manager, each controller with its own ServiceAccount and the rights that Kubernetes gives it. */
export function controllerManager(binaries: Binaries, layout: Layout): ProcessSpec {
  const args = [
    `--kubeconfig=${layout.controllerKubeconfig}`,
    `--controllers=${controllers.join(',')}`,
    '--use-service-account-credentials',
    `--service-account-private-key-file=${layout.serviceAccountKey}`,
    `--root-ca-file=${layout.certificateAuthority}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--concurrent-gc-syncs=5',
    '--profiling=false',
  ];
  const name = 'kube-controller-manager' as const;
  return { name, command: binaries[name], args, logFile: join(layout.logs, `${name}.log`) };
}
