/**
 * Credentials that somebody has to be asked for: programs that a kubeconfig names (`exec`) and its `auth-provider`s. @kubernetes/client-node runs them. It brings the
 * code of the whole Kubernetes API along, 50 MB of memory and a second of CPU, so it is loaded when a kubeconfig asks for it, and never in a pod.
 */
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';

/** What the plugin says, as headers (names in lower case) and PEM. Never log it. */
export interface PluginCredentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly cert?: string;
  readonly key?: string;
}

/** Prepares to ask the plugin of the context's user; each call of what is returned gives credentials that are valid now. */
export function createCredentialPlugin(files: readonly string[], context: string | undefined): () => Promise<PluginCredentials> {
  const config = new KubeConfig();
  for (const [index, file] of files.entries()) {
    const next = index === 0 ? config : new KubeConfig();
    next.loadFromFile(file);
    if (next !== config) config.mergeConfig(next, true);
  }
  if (context !== undefined) config.setCurrentContext(context);
  return async () => {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const { cert, key } = options;
    return {
      headers: textHeaders(options),
      ...(cert ? { cert: pem(cert) } : {}),
      ...(key ? { key: pem(key) } : {}),
    };
  };
}

/** Values without the newline that token files end with. */
function textHeaders(options: RequestOptions): Record<string, string> {
  const headers = Object.entries(options.headers ?? {}).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), String(value).trim()]));
}

function pem(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  throw new TypeError('a certificate or key of the kubeconfig is in a form that is not supported: use PEM');
}
