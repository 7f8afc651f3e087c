/** The list of the cut-over for people: what to wait for, what readers change, what data.all then takes back, what it forgets. In this order nobody loses access. */
import type { Left } from './items.ts';
import type { Translated } from './naming.ts';
import { staysInBuckets, type Removal } from './removal.ts';

/** What the list is made of. */
export interface CutOver {
  readonly shares: readonly Translated[];
  readonly removals: readonly Removal[];
  readonly left: readonly Left[];
}

/** The text, in Markdown. */
export function cutOverList({ shares, removals, left }: CutOver): string {
  return [
    '# Cut-over from data.all',
    'In this order nobody loses access: Sluice writes beside what data.all has written and changes nothing of it. Do not begin step 3 for a role before steps 1 and 2 are done for all of its shares: when data.all revokes one share of a role, it takes out what its other shares of the same bucket need as well.',
    '## 1. Sluice is Ready',
    ready(removals),
    ...attachments(shares),
    '## 2. Readers of folders use the new access point',
    points(removals),
    '## 3. Revoke in data.all',
    'In data.all, open the share, revoke the items, wait for Revoke_Succeeded, and delete the share. That takes out of AWS:',
    ...removals.map(revoke),
    '## 4. What data.all leaves behind',
    rest(shares, removals),
    '## Not brought over',
    'These stay as they are in data.all:',
    left.length === 0
      ? 'Nothing.'
      : left
          .map(({ share, item, state, why }) => `* share ${share}${item === undefined ? '' : `, ${item}`} (${state}): ${why}`)
          .join('\n'),
    '',
  ].join('\n\n');
}

function ready(removals: readonly Removal[]): string {
  const all = removals.filter(({ waiting }) => !waiting).map(({ request: { namespace, name } }) => ({ namespace, name }));
  const some = removals.filter(({ waiting }) => waiting).map(({ request: { namespace, name } }) => ({ namespace, name }));
  const block = (lines: readonly string[]): string => ['```sh', ...lines, '```'].join('\n');
  return [
    ...(all.length === 0
      ? []
      : [
          block(
            all.flatMap(({ namespace, name }) => [
              `kubectl wait --for=condition=Ready sharerequest/${name} -n ${namespace} --timeout=15m`,
              `kubectl share verify ${name} -n ${namespace}`,
            ]),
          ),
        ]),
    ...(some.length === 0
      ? []
      : [
          'These also ask for items that nobody has consented to. Their other items have to be ShareSucceeded:',
          block(some.map(({ namespace, name }) => `kubectl share status ${name} -n ${namespace}`)),
        ]),
    'Where something is not Ready, `kubectl share why` says what is missing and who has to act.',
  ].join('\n\n');
}

function attachments(shares: readonly Translated[]): string[] {
  const open = shares
    .filter(({ management }) => management !== 'Managed')
    .map(
      (each) =>
        `* ${each.management}: \`kubectl get consumptionrole ${each.roleName} -n ${each.requester} -o yaml\`: ${todo[each.management]}`,
    );
  return open.length === 0 ? [] : ['Sluice attaches nothing to these roles:', [...new Set(open)].join('\n')];
}

const todo = {
  Managed: '',
  Detached: 'attach the policies in `status.policies`',
  External: 'allow the role what `status.plan` of its requests says. Ready does not tell whether you did',
} as const;

function points(removals: readonly Removal[]): string {
  const lines = removals.flatMap(({ request, accessPoint }) =>
    accessPoint === undefined
      ? []
      : [
          `* ${request.namespace}/${request.name}: not \`${accessPoint.arn}\` any more, but what \`kubectl get shareitems -n ${request.namespace} -o jsonpath='{range .items[*]}{.status.connection.example}{"\\n"}{end}'\` shows`,
        ],
  );
  return lines.length === 0 ? 'No folder is shared.' : lines.join('\n');
}

function revoke({ share, request, principal, items, policies, accessPoint, sharePolicy, account }: Removal): string {
  const lines = [
    ...policies.map(
      ({ document, sids }) => `* ${document}: the principal, out of the statements ${sids.map((sid) => `\`${sid}\``).join(', ')}`,
    ),
    ...(accessPoint === undefined ? [] : [`* access point \`${accessPoint.name}\`, with the last folder on it`]),
    sharePolicy === undefined
      ? `* the share policies of the role in account ${account}; their names are not in the export (environment)`
      : `* policies \`${sharePolicy}-0\`, \`-1\`, … in account ${account}: the statements of these items`,
  ];
  return [
    `### Share ${share}`,
    `${items.map((item) => `\`${item}\``).join(', ')} for \`${principal}\`: now ${request.namespace}/${request.name}`,
    lines.join('\n'),
  ].join('\n\n');
}

function rest(shares: readonly Translated[], removals: readonly Removal[]): string {
  const folders = new Set(
    shares.flatMap(({ items }) => items.filter(({ type }) => type === 'Folder').map(({ bucket }) => bucket)),
  );
  const policies = new Set(
    removals.flatMap(({ sharePolicy, account }) =>
      sharePolicy === undefined ? [] : [`\`${sharePolicy}-0\`, \`-1\`, … in account ${account}`],
    ),
  );
  return [
    ...[...folders]
      .toSorted()
      .map(
        (bucket) =>
          `* bucket policy of ${bucket}: the statement \`${staysInBuckets}\`. It lets every access point of the account through: take it out when no access point of data.all is left on the bucket (\`aws s3control list-access-points --account-id <account> --bucket ${bucket}\`)`,
      ),
    ...[...policies]
      .toSorted()
      .map(
        (policy) =>
          `* policies ${policy}: empty and attached, until data.all no longer knows the role. Each takes one of the role's places for policies`,
      ),
    '* bucket policies: the statement `RequiredSecureTransport`, which refuses access without TLS. Keep it',
    '* key policies: the statement `KMSPivotRolePermissions`. data.all needs it as long as it looks after the dataset',
  ].join('\n');
}
