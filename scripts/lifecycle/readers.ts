/**
 * How others read our conditions, by their published rules: kstatus (sigs.k8s.io/cli-utils, pkg/kstatus: deletion, then observedGeneration, then Reconciling and
 * Stalled, then Ready) and the health checks for Argo CD in gitops/argocd. Not for deciding anything.
 */

/** What both look at. */
export interface ReadObject {
  readonly deleting?: boolean;
  readonly generation: number;
  readonly observedGeneration?: number;
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
}

/** What kstatus computes. */
export function kstatusOf(object: ReadObject): 'Terminating' | 'InProgress' | 'Failed' | 'Current' {
  const is = (type: string): boolean => statusOf(object, type) === 'True';
  if (object.deleting === true) return 'Terminating';
  if (object.observedGeneration !== undefined && object.observedGeneration !== object.generation) return 'InProgress';
  if (is('Reconciling')) return 'InProgress';
  if (is('Stalled')) return 'Failed';
  const ready = statusOf(object, 'Ready');
  return ready === undefined || ready === 'True' ? 'Current' : 'InProgress';
}

/**
 * What Argo CD shows, by the health checks in gitops/argocd. It agrees with kstatus, and divides what kstatus calls in progress: what is at rest until a person
 * decides or acts is Suspended.
 */
export function argoHealthOf(object: ReadObject): 'Progressing' | 'Suspended' | 'Degraded' | 'Healthy' {
  const is = (type: string): boolean => statusOf(object, type) === 'True';
  if (object.deleting === true || object.observedGeneration !== object.generation) return 'Progressing';
  if (is('Reconciling')) return 'Progressing';
  if (is('Stalled')) return 'Degraded';
  const ready = statusOf(object, 'Ready');
  if (ready === 'True') return 'Healthy';
  return ready === 'False' ? 'Suspended' : 'Progressing';
}

function statusOf({ conditions }: ReadObject, type: string): string | undefined {
  return conditions.find((condition) => condition.type === type)?.status;
}
