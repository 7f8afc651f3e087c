/**
 * The connections to the API server: one pool each for requests, watches and leases, so that neither thousands of requests nor hanging
 * watches can delay the renewal of the lease. Pools are replaced when certificates rotate. HTTP/1.1 only: over HTTP/2 all watches would
 * share one connection and its fate, and its flow control.
 */
import { Pool, ProxyAgent } from 'undici';
import type { Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import type { ClusterConfig, Credentials, TlsIdentity } from './cluster-config.ts';
import { ConnectionError } from './errors.ts';

/** Which connections to use. */
export type PoolName = 'default' | 'watch' | 'lease';

/** A connection pool together with the headers that go with it. */
export interface Access {
  readonly dispatcher: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
}

/** Pools for current credentials. */
export interface Pools {
  /** Credentials are at most a minute old. */
  access(pool: PoolName): Promise<Access>;
  /** The server said 401: ask for credentials anew at the next access. */
  invalidate(): void;
  close(): Promise<void>;
}

type PoolSet = Readonly<Record<PoolName, Dispatcher>>;

/** Same period as client-go's token file source. */
const CREDENTIALS_TTL_MS = 60_000;
/** Unlimited for watches: each holds its connection. */
const CONNECTIONS: Readonly<Record<PoolName, number | null>> = { default: 32, watch: null, lease: 2 };

/** No connection is opened before the first access. */
export function createPools(config: ClusterConfig, clock: Clock): Pools {
  let known: { readonly credentials: Promise<Credentials>; readonly readAt: number } | undefined;
  let current: { readonly identity: string; readonly pools: PoolSet } | undefined;

  const credentials = (): Promise<Credentials> => {
    if (known === undefined || clock.now() - known.readAt > CREDENTIALS_TTL_MS) {
      known = { credentials: readCredentials(config), readAt: clock.now() };
      // Not to be remembered: the next request tries again.
      known.credentials.catch(() => (known = undefined));
    }
    return known.credentials;
  };

  const poolsFor = (tls: TlsIdentity): PoolSet => {
    const identity = JSON.stringify(tls);
    if (current?.identity === identity) return current.pools;
    const old = current?.pools;
    current = { identity, pools: openPools(config, tls) };
    // Requests in flight end on the old connections; watches do at their next timeout.
    if (old !== undefined) void closeAll(old);
    return current.pools;
  };

  return {
    access: async (pool) => {
      const { headers, tls } = await credentials();
      return { dispatcher: poolsFor(tls)[pool], headers };
    },
    invalidate: () => (known = undefined),
    close: async () => {
      const old = current?.pools;
      current = undefined;
      if (old !== undefined) await Promise.all(Object.values(old).map((pool) => pool.destroy()));
    },
  };
}

async function readCredentials(config: ClusterConfig): Promise<Credentials> {
  try {
    return await config.credentials();
  } catch (error) {
    throw new ConnectionError('credentials', 'the credentials for the API server could not be read: see the cause', error);
  }
}

async function closeAll(pools: PoolSet): Promise<void> {
  await Promise.allSettled(Object.values(pools).map((pool) => pool.close()));
}

function openPools(config: ClusterConfig, tls: TlsIdentity): PoolSet {
  const open = (name: PoolName): Dispatcher => openPool(config, tls, CONNECTIONS[name]);
  return { default: open('default'), watch: open('watch'), lease: open('lease') };
}

function openPool(config: ClusterConfig, tls: TlsIdentity, connections: number | null): Dispatcher {
  const { insecure, ...rest } = tls;
  const secure = { ...rest, rejectUnauthorized: !insecure };
  // Time limits are the transport's, on its Clock; undici's own are off, but for connecting.
  const options = { connections, allowH2: false, headersTimeout: 0, bodyTimeout: 0 };
  if (config.proxyUrl !== undefined) return new ProxyAgent({ ...options, uri: config.proxyUrl, requestTls: secure });
  // 30 s, as in client-go: below the idle timeout of common load balancers.
  return new Pool(new URL(config.server).origin, {
    ...options,
    connect: { ...secure, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000 },
  });
}
