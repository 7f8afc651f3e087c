/**
 * Where decisions look: caches and observations, and the few things that all of them ask of those. Reads only.
 */
import { identityKey } from '../shares/arn.ts';
import type { KnownEnvironment, PlatformContext } from '../shares/judge.ts';
import type { NamespaceLabels } from '../shares/selectors.ts';
import type { Cluster } from './cluster.ts';
import type { Observations } from './observations.ts';

/** Where decisions look. */
export interface GatherContext {
  readonly cluster: Cluster;
  readonly observations: Observations;
  readonly installation: string;
  readonly trustedLabels: readonly string[];
}

/** A namespace with its labels; a namespace that is not cached has none. */
export function namespaceOf({ cluster }: GatherContext, name: string): NamespaceLabels {
  return { name, labels: cluster.namespaces.store.get(name)?.metadata.labels ?? {} };
}

/** What the platform fixes for all decisions. */
export function platformOf({ cluster, observations, installation, trustedLabels }: GatherContext): PlatformContext {
  const assumed = cluster.environments.store.list().map(({ spec }) => spec.assumeRole?.arn);
  return {
    installation,
    trustedLabels,
    protectedPrincipals: new Set([...observations.ownIdentities, ...assumed.filter((arn) => arn !== undefined)].map(identityKey)),
  };
}

/** An Environment with what is known of it. */
export function knownEnvironment({ cluster, observations }: GatherContext, name: string): KnownEnvironment | undefined {
  const found = cluster.environments.store.get(name);
  return found === undefined || found.metadata.deletionTimestamp !== undefined
    ? undefined
    : { environment: found, state: observations.environments.get(name) };
}
