/**
 * What the approved items would put into each AWS document, and by which calls: the targets' own plans, made for documents that hold nothing of ours yet. What
 * others wrote there is not known here and stays as it is.
 */
import type { Dataset, Environment, ResolvedShare, ShareItem, ShareRequest } from '../../api/index.ts';
import { targetKeysOf, workOf, type LedgerContext, type TargetWork } from '../../controllers/ledger.ts';
import { parsePolicy, type JsonObject } from '../../policy/document.ts';
import { isOwned, ownedPrefix } from '../../policy/merge.ts';
import { accessPoint } from '../../targets/access-point.ts';
import { bucketPolicy } from '../../targets/bucket-policy.ts';
import { keyPolicy } from '../../targets/key-policy.ts';
import { sharePolicy } from '../../targets/share-policy.ts';
import type { Plan, SessionRef } from '../../targets/target.ts';

/** An item that would be shared. */
export interface Planned {
  readonly request: ShareRequest;
  readonly entry: ResolvedShare;
}

/** One AWS document, and what would be written into it. */
export interface PlannedDocument {
  readonly target: string;
  /** In people's words: `bucket policy of acme-orders`. */
  readonly description: string;
  readonly accountId: string;
  readonly region: string;
  /** Role that the operator works through; absent: its own identity. */
  readonly roleArn?: string;
  /** AWS operations, in order. */
  readonly calls: readonly string[];
  readonly statements: readonly JsonObject[];
  /** Why what is asked for does not fit. */
  readonly refused: readonly { readonly reason: string; readonly message: string }[];
}

/** What the plans are made with. */
export interface Surroundings {
  readonly installation: string;
  readonly environments: readonly Environment[];
  readonly datasets: readonly Dataset[];
}

/** The documents of all items together, in the order in which they would be written. */
export function planDocuments(planned: readonly Planned[], around: Surroundings): PlannedDocument[] {
  const items = planned.map(itemOf);
  const keys = [...new Set(planned.flatMap(({ entry }) => targetKeysOf(entry)))];
  const works = keys.map((key) => ({ key, work: workOf(key, items, contextOf(around)) }));
  return works.flatMap(({ key, work }) => (work === undefined ? [] : [documentOf(key, work, around.installation)]));
}

/** The item as the operator would record it. */
function itemOf({ request, entry }: Planned, index: number): ShareItem {
  const { metadata, spec } = request;
  return {
    apiVersion: request.apiVersion,
    kind: 'ShareItem',
    metadata: { name: `planned-${String(index)}`, namespace: metadata.namespace ?? '', uid: `planned-${String(index)}` },
    spec: {
      requestRef: { name: metadata.name, uid: metadata.uid ?? '' },
      datasetRef: spec.datasetRef,
      type: entry.type,
      name: entry.bucket,
      permissions: entry.permissions,
      resolved: [entry],
    },
  };
}

function contextOf({ environments, datasets }: Surroundings): LedgerContext {
  const named = (name: string): Environment | undefined => environments.find(({ metadata }) => metadata.name === name);
  return {
    entries: ({ spec }) => spec.resolved,
    intent: () => ({ mode: 'want', repair: true }),
    prunesDeadPrincipals: ({ spec }, bucket) =>
      datasets
        .find(({ metadata }) => metadata.namespace === spec.datasetRef.namespace && metadata.name === spec.datasetRef.name)
        ?.spec.buckets.find(({ name }) => name === bucket)?.pruneDeadPrincipals ?? false,
    documentShare: (name) => named(name)?.spec.limits?.documentShare,
    attachmentQuota: (name) => named(name)?.status?.quotas?.attachedPoliciesPerRole,
    boundaryArn: () => undefined,
  };
}

function documentOf(target: string, work: TargetWork, installation: string): PlannedDocument {
  const { description, plan, calls, texts } = planOf(work, installation);
  const { accountId, region, roleArn }: SessionRef = work.coordinates.session;
  return {
    target,
    description,
    accountId,
    region,
    ...(roleArn === undefined ? {} : { roleArn }),
    calls,
    statements: texts.flatMap((text) => ownStatements(text, work.kind === 'SharePolicy' ? undefined : installation)),
    refused: [...new Map([...plan.refused.values()].map(({ reason, message }) => [message, { reason, message }])).values()],
  };
}

interface PlanOfDocument {
  readonly description: string;
  readonly plan: Plan<unknown>;
  readonly calls: readonly string[];
  readonly texts: readonly string[];
}

/** An empty document of each kind, as its target would observe it. A key's policy always lets its account in, as the default one does. */
function planOf(work: TargetWork, installation: string): PlanOfDocument {
  switch (work.kind) {
    case 'BucketPolicy': {
      const { coordinates, contributions } = work;
      const plan = bucketPolicy.plan({ installation, coordinates, contributions, observed: { kind: 'absent' } });
      const calls = plan.steps.map((step) => bucketPolicy.action(step, coordinates));
      return {
        description: bucketPolicy.describe(coordinates),
        plan,
        calls,
        texts: plan.steps.flatMap(({ text }) => text ?? []),
      };
    }
    case 'AccessPoint': {
      const { coordinates, contributions } = work;
      const plan = accessPoint.plan({ installation, coordinates, contributions, observed: { kind: 'absent' } });
      const calls = plan.steps.map((step) => accessPoint.action(step, coordinates));
      const texts = plan.steps.flatMap((step) => (step.kind === 'put' ? [step.text] : []));
      return { description: accessPoint.describe(coordinates), plan, calls, texts };
    }
    case 'KeyPolicy': {
      const { coordinates, contributions } = work;
      const plan = keyPolicy.plan({ installation, coordinates, contributions, observed: defaultKeyPolicy(coordinates.keyArn) });
      const calls = plan.steps.map((step) => keyPolicy.action(step, coordinates));
      return { description: keyPolicy.describe(coordinates), plan, calls, texts: plan.steps.flatMap(({ text }) => text ?? []) };
    }
    case 'SharePolicy': {
      const { coordinates, contributions } = work;
      const observed = { installation, principalExists: true, complete: true, otherAttachments: 0, shards: [] };
      const plan = sharePolicy.plan({ installation, coordinates, contributions, observed });
      const calls = plan.steps.map((step) => sharePolicy.action(step, coordinates));
      const texts = plan.steps.flatMap((step) => (step.kind === 'create' || step.kind === 'update' ? [step.text] : []));
      return { description: sharePolicy.describe(coordinates), plan, calls, texts };
    }
  }
}

/** docs/kms/latest/developerguide/key-policy-default.md. */
function defaultKeyPolicy(keyArn: string): Parameters<typeof keyPolicy.plan>[0]['observed'] {
  const [, partition = 'aws', , , accountId = ''] = keyArn.split(':');
  const admin = {
    Effect: 'Allow',
    Principal: { AWS: `arn:${partition}:iam::${accountId}:root` },
    Action: 'kms:*',
    Resource: '*',
  };
  const text = JSON.stringify({ Version: '2012-10-17', Statement: [admin] });
  const parsed = parsePolicy(text);
  return { policy: parsed.kind === 'document' ? { kind: 'document', text, document: parsed.document } : { kind: 'absent' } };
}

/** The statements of ours; a share policy is all ours. */
function ownStatements(text: string, installation: string | undefined): JsonObject[] {
  const parsed = parsePolicy(text);
  if (parsed.kind !== 'document') return [];
  return parsed.document.statements
    .filter((statement) => installation === undefined || isOwned(statement, ownedPrefix(installation)))
    .map(({ value }) => value);
}
