/**
 * Where a sweep looks: what the caches say about an account's buckets, keys and principals, as a question to AWS (src/aws/orphans.ts). Decides nothing.
 *
 * Its limits: a bucket is found by a claim's glob, by a Dataset or because something was found in it before; one that only a tag claims is not. A key is found by a
 * Dataset, by a claim that names it in full, or because it encrypts a bucket in which something was found.
 */
import type { MarkQuestion } from '../aws/orphans-types.ts';
import type { Environment } from '../api/index.ts';
import { parseArn, partitionOf } from '../shares/arn.ts';
import { leftoversIn } from './leftovers.ts';
import type { Operator } from './operator.ts';
import { sessionOf } from './session.ts';

const bucketTarget = /^s3:bucket-policy\/[0-9]{12}\/(.+)$/;
const keyTarget = /^kms:key-policy\/(.+)$/;
const shareTarget = /^iam:share-policy\/(.+)$/;

/** Keys of all targets that some ShareItem's record names, in whatever state: what they hold is explained. */
export function recordedTargets({ cluster }: Operator): ReadonlySet<string> {
  return new Set(cluster.items.store.list().flatMap(({ spec }) => spec.resolved.flatMap(({ targets }) => targets)));
}

/** IAM is the same in all regions of an account, so one of its Environments looks: the first by name that can. */
export function speaksForIam({ cluster, observations }: Operator, { metadata, spec }: Environment): boolean {
  const able = cluster.environments.store
    .index('account', spec.accountId)
    .filter((each) => observations.environments.get(each.metadata.name)?.kind === 'ready')
    .map((each) => each.metadata.name);
  return able.toSorted()[0] === metadata.name;
}

/** The question for one Environment. */
export function questionFor(operator: Operator, environment: Environment): MarkQuestion {
  const { spec } = environment;
  const recorded = recordedTargets(operator);
  const leftovers = new Set(leftoversIn(operator, environment).map(({ leftover }) => leftover.target));
  const found = operator.memory.sweeps.get(environment.metadata.name)?.orphans.map(({ target }) => target) ?? [];
  const known = [...leftovers, ...found];
  const datasets = operator.cluster.datasets.store.list();
  const here = datasets.filter((dataset) => dataset.spec.environmentRef.name === environment.metadata.name);
  return {
    session: sessionOf(environment),
    installation: operator.installation,
    iam: speaksForIam(operator, environment),
    principals: matches([...recorded], shareTarget),
    buckets: {
      names: [...here.flatMap((dataset) => dataset.spec.buckets.map(({ name }) => name)), ...matches(known, bucketTarget)],
      globs: spec.claims.flatMap(({ buckets }) => buckets ?? []),
    },
    points: here.length > 0 || spec.claims.some(({ buckets, byTag }) => buckets !== undefined || byTag !== undefined),
    keys: [
      ...datasets.flatMap((dataset) => dataset.spec.buckets.flatMap(({ kmsKeyArn }) => kmsKeyArn ?? [])),
      ...spec.claims.flatMap(({ kmsKeys }) => kmsKeys ?? []).flatMap((glob) => keyNamedBy(glob, environment)),
      ...matches(known, keyTarget),
    ].filter((arn) => isHere(arn, environment)),
    isExplained: (target) => recorded.has(target) && !leftovers.has(target),
  };
}

/** The key that a glob without wildcards names. */
function keyNamedBy(glob: string, { spec }: Environment): string[] {
  if (/[*?]/.test(glob)) return [];
  return [glob.includes(':') ? glob : `arn:${partitionOf(spec.region)}:kms:${spec.region}:${spec.accountId}:key/${glob}`];
}

function isHere(keyArn: string, { spec }: Environment): boolean {
  const arn = parseArn(keyArn);
  return arn?.service === 'kms' && arn.accountId === spec.accountId && arn.region === spec.region;
}

/** What the pattern finds in the texts. */
function matches(texts: readonly string[], pattern: RegExp): string[] {
  return texts.flatMap((text) => pattern.exec(text)?.[1] ?? []);
}
