/**
 * The names that shares of data.all get in Sluice: namespaces of teams, Environments, Datasets, roles, requests, folders. What somebody said in the mapping goes first.
 */
import type { PolicyManagement } from '../../api/index.ts';
import type { BroughtShare } from './items.ts';
import type { Mapping } from './mapping.ts';
import { nameAll, type Named } from './names.ts';

/** An account in a region, and the Environment that stands for it. */
export interface AccountPlace {
  readonly name: string;
  readonly account: string;
  readonly region: string;
}

/** A share with the names of what it became. */
export interface Translated extends BroughtShare {
  readonly owner: string;
  readonly requester: string;
  readonly datasetName: string;
  readonly roleName: string;
  readonly requestName: string;
  /** The Environments of data and principal. */
  readonly environments: { readonly data: AccountPlace; readonly principal: AccountPlace };
  readonly management: PolicyManagement;
  /** Names of the items in requests, by URI. */
  readonly itemNames: ReadonlyMap<string, string>;
}

/** Gives everything its name. */
export function named(shares: readonly BroughtShare[], mapping: Mapping): Translated[] {
  const teams = shares.flatMap(({ share, dataset }) => [share.principal.SamlGroupName, dataset.SamlAdminGroupName]);
  const namespaces = said(mapping.namespaces, nameAll(teams.map((text) => ({ identity: text, scope: '', text }))));
  const environments = said(mapping.environments, nameAll(shares.flatMap(environmentsOf)));
  const placed = shares.map((each) => {
    const owner = namespaces(each.dataset.SamlAdminGroupName);
    const requester = namespaces(each.share.principal.SamlGroupName);
    const [data, principal] = placesOf(each);
    const place = (of: Account): AccountPlace => ({ ...of, name: environments(keyOf(of)) });
    return { ...each, owner, requester, environments: { data: place(data), principal: place(principal) } };
  });
  const roleOf = (each: { readonly requester: string; readonly arn: string }): Named => ({
    identity: `${each.requester} ${each.arn}`,
    scope: each.requester,
    text: each.arn.slice(each.arn.lastIndexOf('/') + 1),
  });
  const names = (all: readonly Named[]): ((identity: string) => string) => said({}, nameAll(all));
  const roles = names(placed.map(roleOf));
  const datasets = names(
    placed.map(({ dataset, owner }) => ({ identity: dataset.datasetUri, scope: owner, text: dataset.datasetName })),
  );
  const folders = names(placed.flatMap(foldersOf));
  const requests = names(
    placed.map((each) => ({
      identity: each.share.shareUri,
      scope: each.requester,
      text: `${datasets(each.dataset.datasetUri)}-for-${roles(roleOf(each).identity)}`,
    })),
  );
  return placed.map((each) => ({
    ...each,
    datasetName: datasets(each.dataset.datasetUri),
    roleName: roles(roleOf(each).identity),
    requestName: requests(each.share.shareUri),
    management: managementOf(placed.filter(({ requester, arn }) => requester === each.requester && arn === each.arn)),
    itemNames: new Map(each.items.map((item) => [item.uri, item.folder === undefined ? item.bucket : folders(item.uri)])),
  }));
}

/** What was said, and otherwise what was made up. */
function said(given: Readonly<Record<string, string>>, made: ReadonlyMap<string, string>): (identity: string) => string {
  return (identity) => (Object.hasOwn(given, identity) ? given[identity] : undefined) ?? made.get(identity) ?? identity;
}

type Account = Omit<AccountPlace, 'name'>;

/** `account/region`, by which a mapping names an Environment. */
const keyOf = ({ account, region }: Account): string => `${account}/${region}`;

/** Where the data is and where the principal is: data.all shares within a region only. */
function placesOf({ share, dataset, arn }: BroughtShare): [Account, Account] {
  return [
    { account: dataset.AwsAccountId, region: dataset.region },
    { account: arn.split(':')[4] ?? '', region: share.environment?.region ?? dataset.region },
  ];
}

function environmentsOf(each: BroughtShare): Named[] {
  const texts = [each.dataset.environmentName, each.share.principal.environmentName];
  return placesOf(each).map((place, index) => ({ identity: keyOf(place), scope: '', text: texts[index] ?? keyOf(place) }));
}

function foldersOf({ dataset, items }: BroughtShare): Named[] {
  return items.flatMap(({ uri, folder }) =>
    folder === undefined ? [] : [{ identity: uri, scope: dataset.datasetUri, text: folder.text }],
  );
}

const managements: Readonly<Record<string, PolicyManagement>> = {
  'Fully-Managed': 'Managed',
  'Partially-Managed': 'Detached',
  'Externally-Managed': 'External',
};
const byModesty: readonly PolicyManagement[] = ['External', 'Detached', 'Managed'];
/** AWS lets nobody attach policies to these: IAM user guide, service-linked roles and reserved paths. */
const isReserved = (arn: string): boolean => /:role\/aws-(reserved|service-role)\//.test(arn);

/** Who looks after the policies: where the shares of a role differ, whoever wants least done. */
function managementOf(shares: readonly BroughtShare[]): PolicyManagement {
  const wanted = shares.map(({ share }) => managements[share.policyManagement ?? ''] ?? 'Managed');
  const modest = byModesty.find((each) => wanted.includes(each)) ?? 'Managed';
  return modest === 'Managed' && shares.some(({ arn }) => isReserved(arn)) ? 'Detached' : modest;
}
