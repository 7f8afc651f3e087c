/**
 * The operator's view of the cluster: one informer per kind, with the indexes by which controllers find what belongs together.
 */
import {
  consumptionRole,
  dataset,
  environment,
  receivedShare,
  shareApproval,
  shareItem,
  shareRequest,
  type ConsumptionRole,
  type Dataset,
  type Environment,
  type ReceivedShare,
  type ShareApproval,
  type ShareItem,
  type ShareRequest,
} from '../api/index.ts';
import type { Clock } from '../clock.ts';
import { createInformer, type Informer, type InformerMetrics } from '../kube/informer.ts';
import type { Logger } from '../kube/logging.ts';
import { parseArn } from '../shares/arn.ts';
import type { KubeObject } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';
import type { IndexFunctions } from '../kube/store.ts';
import type { Transport } from '../kube/transport.ts';

/** A namespace: only its labels matter. */
export type Namespace = KubeObject;
/** A Secret of the operator's namespace; `data` is base64. Never logged. */
export interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** Where the API server serves each kind, typed by its objects. */
export const types = {
  environment: environment.resource as ResourceType<Environment>,
  role: consumptionRole.resource as ResourceType<ConsumptionRole>,
  dataset: dataset.resource as ResourceType<Dataset>,
  request: shareRequest.resource as ResourceType<ShareRequest>,
  received: receivedShare.resource as ResourceType<ReceivedShare>,
  approval: shareApproval.resource as ResourceType<ShareApproval>,
  item: shareItem.resource as ResourceType<ShareItem>,
  namespace: { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false } as ResourceType<Namespace>,
  secret: { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true } as ResourceType<Secret>,
};

/** Keys of index entries, so that writers and readers of an index agree. */
export const indexKeys = {
  request: (namespace: string, name: string): string => `${namespace}/${name}`,
  approval: (
    owner: { readonly namespace: string; readonly dataset: string },
    request: { readonly namespace: string; readonly name: string },
  ): string => `${owner.namespace}/${owner.dataset}|${request.namespace}/${request.name}`,
};

/** All caches. */
export interface Cluster {
  readonly environments: Informer<Environment>;
  readonly roles: Informer<ConsumptionRole>;
  readonly datasets: Informer<Dataset>;
  readonly requests: Informer<ShareRequest>;
  readonly received: Informer<ReceivedShare>;
  readonly approvals: Informer<ShareApproval>;
  readonly items: Informer<ShareItem>;
  readonly namespaces: Informer<Namespace>;
  readonly secrets: Informer<Secret>;
  /** True when every kind was listed completely: before that nothing is decided. */
  hasSynced(): boolean;
  /** What keeps the caches from being complete, in people's words. */
  problems(): string[];
  /** Follows the cluster until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/** What the caches are made with. */
export interface ClusterOptions {
  readonly transport: Transport;
  readonly operatorNamespace: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics?: InformerMetrics;
}

/** Makes the caches; `run` starts them. */
export function createCluster(options: ClusterOptions): Cluster {
  const { operatorNamespace, ...common } = options;
  const inform = <T extends KubeObject>(
    type: ResourceType<T>,
    indexes: IndexFunctions<T> = {},
    namespace?: string,
  ): Informer<T> => createInformer<T>({ ...common, type, indexes, ...(namespace === undefined ? {} : { namespace }) });
  const informers = {
    environments: inform(types.environment, { account: ({ spec }) => [spec.accountId] }),
    roles: inform(types.role, {
      environment: ({ spec }) => [spec.environmentRef.name],
      principal: ({ spec }) => [spec.principalArn],
      namespace: namespaceIndex,
    }),
    datasets: inform(types.dataset, {
      environment: ({ spec }) => [spec.environmentRef.name],
      bucket: ({ spec }) => spec.buckets.map((bucket) => bucket.name),
      keyAccount: ({ spec }) => spec.buckets.flatMap(({ kmsKeyArn = '' }) => parseArn(kmsKeyArn)?.accountId ?? []),
      namespace: namespaceIndex,
    }),
    requests: inform(types.request, {
      dataset: ({ spec }) => [`${spec.datasetRef.namespace}/${spec.datasetRef.name}`],
      datasetBy: ({ metadata, spec }) => [`${spec.datasetRef.namespace}/${spec.datasetRef.name}|${metadata.namespace ?? ''}`],
      role: ({ metadata, spec }) => [`${metadata.namespace ?? ''}/${spec.principal.name}`],
      namespace: namespaceIndex,
    }),
    received: inform(types.received, {
      request: ({ spec }) => [indexKeys.request(spec.requestRef.namespace, spec.requestRef.name)],
    }),
    approvals: inform(types.approval, {
      request: ({ metadata, spec }) => [
        indexKeys.approval({ namespace: metadata.namespace ?? '', dataset: spec.datasetRef.name }, spec.requestRef),
      ],
      requestRef: ({ spec }) => [indexKeys.request(spec.requestRef.namespace, spec.requestRef.name)],
    }),
    items: inform(types.item, {
      request: ({ metadata, spec }) => [indexKeys.request(metadata.namespace ?? '', spec.requestRef.name)],
      dataset: ({ spec }) => [`${spec.datasetRef.namespace}/${spec.datasetRef.name}`],
      target: ({ spec }) => spec.resolved.flatMap((entry) => entry.targets),
      principal: ({ metadata, spec }) => spec.resolved.map((entry) => `${metadata.namespace ?? ''}/${entry.principal.arn}`),
      principalArn: ({ spec }) => spec.resolved.map((entry) => entry.principal.arn),
      environment: ({ spec }) =>
        spec.resolved.flatMap((entry) => [
          entry.environment.name,
          entry.consumer.name,
          entry.keyEnvironment?.name ?? entry.environment.name,
        ]),
    }),
    namespaces: inform(types.namespace),
    secrets: inform(types.secret, {}, operatorNamespace),
  };
  const all = Object.values(informers) as readonly Pick<Informer<KubeObject>, 'hasSynced' | 'lastError' | 'run'>[];
  return {
    ...informers,
    hasSynced: () => all.every((each) => each.hasSynced()),
    problems: () => all.map((each) => each.lastError()).filter((error) => error !== undefined),
    run: async (signal) => {
      await Promise.all(all.map((each) => each.run(signal)));
    },
  };
}

function namespaceIndex({ metadata }: { readonly metadata: { readonly namespace?: string } }): string[] {
  return [metadata.namespace ?? ''];
}
