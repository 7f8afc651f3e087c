/**
 * Drafts of the Environments that an import needs, as comments: which roles Sluice works with is known to the platform team alone. Claims are exactly what the shares need.
 */
import { stringify } from 'yaml';
import { apiVersion } from '../../api/index.ts';
import type { Mapping } from './mapping.ts';
import type { AccountPlace, Translated } from './naming.ts';

/** A claim for one namespace. */
interface Claim {
  readonly namespace: string;
  readonly kind: 'buckets' | 'kmsKeys' | 'roles';
  readonly value: string;
}

/** The text of the file: every line is a comment. */
export function environmentDrafts(shares: readonly Translated[], mapping: Mapping): string {
  const claims = shares.flatMap((share) => claimsOf(share, mapping));
  const byPlace = Map.groupBy(claims, ({ place }) => place.name);
  const drafts = [...byPlace].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, of]) => draftOf(of));
  const head = [
    'Drafts of the Environments that these manifests name. Put in the role that Sluice shall work with, take out the number signs, and have the platform team apply it.',
    'An Environment that exists already needs only the namespaces and claims.',
  ];
  return [...head, ...drafts.flatMap((draft) => ['---', ...draft.trimEnd().split('\n')])].map((line) => `# ${line}\n`).join('');
}

type Placed = Claim & { readonly place: AccountPlace };

function claimsOf({ owner, requester, environments, items, arn }: Translated, mapping: Mapping): Placed[] {
  const { data, principal } = environments;
  const ofData = items.flatMap(({ bucket }): Placed[] => {
    const key = mapping.keys[bucket];
    return [
      { place: data, namespace: owner, kind: 'buckets', value: bucket },
      ...(key === undefined ? [] : [{ place: data, namespace: owner, kind: 'kmsKeys' as const, value: key }]),
    ];
  });
  return [...ofData, { place: principal, namespace: requester, kind: 'roles', value: arn.split(':').slice(5).join(':') }];
}

function draftOf(claims: readonly Placed[]): string {
  const [first] = claims;
  if (first === undefined) return '';
  const { name, account, region } = first.place;
  const byNamespace = [...Map.groupBy(claims, ({ namespace }) => namespace)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return stringify(
    {
      apiVersion,
      kind: 'Environment',
      metadata: { name },
      spec: {
        accountId: account,
        region,
        assumeRole: {
          arn: `arn:aws:iam::${account}:role/sluice`,
          externalIdSecretRef: { name: 'sluice-aws', key: 'externalId' },
        },
        allowedNamespaces: { from: 'Names', names: byNamespace.map(([namespace]) => namespace) },
        claims: byNamespace.map(([namespace, of]) => ({
          namespaces: { from: 'Names', names: [namespace] },
          ...covered(of),
        })),
      },
    },
    { lineWidth: 0, version: '1.1', aliasDuplicateObjects: false },
  );
}

/** What a claim covers; a list that would be empty is left out. */
function covered(claims: readonly Placed[]): Partial<Record<Claim['kind'], string[]>> {
  const byKind = Map.groupBy(claims, ({ kind }) => kind);
  return Object.fromEntries([...byKind].map(([kind, of]) => [kind, [...new Set(of.map(({ value }) => value))].toSorted()]));
}
