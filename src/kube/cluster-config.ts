/**
 * Where the API server is and who we are to it: from a kubeconfig or from the pod's service account. @kubernetes/client-node loads the
 * files and runs credential plugins; its HTTP is not used (transport.ts says why).
 */
import type { RequestOptions } from 'node:https';
import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';

/** What one request needs to be trusted. Certificates are PEM. Never log it. */
export interface Credentials {
  /** Authorization and impersonation. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsIdentity;
}

/** How the connection is secured. Another identity needs another connection. */
export interface TlsIdentity {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name in the server's certificate, if it isn't its host name. */
  readonly servername?: string;
  /** The kubeconfig says insecure-skip-tls-verify. */
  readonly insecure: boolean;
}

/** A cluster and our identity in it. */
export interface ClusterConfig {
  /** Base URL; may have a path. */
  readonly server: string;
  /** The namespace of the kubeconfig's context or of the pod; undefined if neither says one. */
  readonly namespace?: string;
  /** URL of an HTTP proxy. */
  readonly proxyUrl?: string;
  /** Current credentials. Files are read anew and plugins asked anew, so that rotation needs no restart; callers cache briefly. */
  credentials(): Promise<Credentials>;
}

/** Options of {@link loadClusterConfig}. */
export interface LoadOptions {
  /** Path of a kubeconfig; wins over everything else. */
  readonly kubeconfig?: string;
  /** Another context than the current one. */
  readonly context?: string;
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Finds the cluster, in the order of client-go: the given file, $KUBECONFIG, the pod's service account, ~/.kube/config.
 * @throws Error if there is none, or if it can't be used; the message says what to do.
 */
export function loadClusterConfig(options: LoadOptions = {}): ClusterConfig {
  const env = options.env ?? process.env;
  const config = new KubeConfig();
  const file = options.kubeconfig ?? kubeconfigFile(env);
  if (file !== undefined) loadFiles(config, file.split(':'));
  else if (env['KUBERNETES_SERVICE_HOST']) config.loadFromCluster();
  else throw new Error('no cluster found: pass --kubeconfig, set KUBECONFIG, or run in a pod with a service account');
  if (options.context !== undefined) config.setCurrentContext(options.context);
  return toClusterConfig(config, file ?? 'the service account of this pod');
}

/** A cluster without authentication, such as one behind `kubectl proxy` or in a test. */
export function plainClusterConfig(server: string): ClusterConfig {
  return { server, credentials: () => Promise.resolve({ headers: {}, tls: { insecure: false } }) };
}

function kubeconfigFile(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env['KUBECONFIG']) return env['KUBECONFIG'];
  if (env['KUBERNETES_SERVICE_HOST']) return undefined;
  const usual = join(env['HOME'] ?? homedir(), '.kube', 'config');
  return existsSync(usual) ? usual : undefined;
}

function loadFiles(config: KubeConfig, files: readonly string[]): void {
  const [first, ...rest] = files.filter((file) => file !== '');
  if (first === undefined) throw new Error('KUBECONFIG holds no file name: give the path of a kubeconfig');
  config.loadFromFile(first);
  for (const file of rest) {
    const next = new KubeConfig();
    next.loadFromFile(file);
    config.mergeConfig(next, true);
  }
}

function toClusterConfig(config: KubeConfig, source: string): ClusterConfig {
  const context = config.getContextObject(config.getCurrentContext());
  const cluster = config.getCurrentCluster();
  if (context === null || cluster === null) {
    const known = config.contexts.map(({ name }) => name).join(', ') || 'none';
    throw new Error(`${source} has no usable context "${config.getCurrentContext()}"; its contexts are: ${known}`);
  }
  if (cluster.proxyUrl?.startsWith('socks')) {
    throw new Error(`cluster "${cluster.name}" asks for a SOCKS proxy, which is not supported: use an HTTP proxy`);
  }
  return {
    server: cluster.server.replace(/\/+$/, ''),
    ...(context.namespace ? { namespace: context.namespace.trim() } : {}),
    ...(cluster.proxyUrl ? { proxyUrl: cluster.proxyUrl } : {}),
    credentials: () => readCredentials(config),
  };
}

async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  const user = config.getCurrentUser();
  if (config.getCurrentCluster()?.server.startsWith('http:')) {
    // Without TLS client-node refuses; only a static token makes sense there, and `kubectl proxy` needs none.
    return { headers: user?.token ? { authorization: `Bearer ${user.token}` } : {}, tls: { insecure: false } };
  }
  await config.applyToHTTPSOptions(options);
  const headers = { ...textHeaders(options), ...basicAuth(options), ...(await tokenFileHeader(user?.authProvider)) };
  return { headers, tls: tlsIdentity(options) };
}

/** Header names in lower case, values without the newline that token files end with. */
function textHeaders(options: RequestOptions): Record<string, string> {
  const headers = Object.entries(options.headers ?? {}).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), String(value).trim()]));
}

function basicAuth(options: RequestOptions): Record<string, string> {
  if (typeof options.auth !== 'string') return {};
  return { authorization: `Basic ${Buffer.from(options.auth).toString('base64')}` };
}

/** client-node keeps a token file's contents for a minute, whatever we ask: after a 401 that is a minute too long. */
async function tokenFileHeader(provider: unknown): Promise<Record<string, string>> {
  const config = isRecord(provider) && isRecord(provider['config']) ? provider['config'] : {};
  const file = config['tokenFile'];
  return typeof file === 'string' ? { authorization: `Bearer ${(await readFile(file, 'utf8')).trim()}` } : {};
}

function tlsIdentity(options: RequestOptions): TlsIdentity {
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return {
    ...(ca ? { ca: pem(ca) } : {}),
    ...(cert ? { cert: pem(cert) } : {}),
    ...(key ? { key: pem(key) } : {}),
    ...(servername ? { servername } : {}),
    insecure: rejectUnauthorized === false,
  };
}

function pem(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  throw new TypeError('a certificate or key of the kubeconfig is in a form that is not supported: use PEM');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
