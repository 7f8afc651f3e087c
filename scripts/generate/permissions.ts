/**
 * docs/aws-permissions.md: its policy documents are those that the sandbox and the tests enforce, put into the page as it is; a test holds them to the AWS calls in src.
 */
import { operatorPolicy, operatorRolePolicy, trust } from '../../sandbox/operator-policy.ts';
import { accounts, operatorArn } from '../../sandbox/world.ts';

/** The policy documents of the page, in its order. */
export function permissionDocuments(): readonly unknown[] {
  return [
    operatorPolicy([accounts.sales, accounts.analytics]),
    JSON.parse(trust(operatorArn, 'the-external-id')) as unknown,
    operatorRolePolicy(accounts.sales),
    accessPointGuard,
  ];
}

/** A service control policy that leaves access points of Sluice's names to Sluice (AWS Organizations user guide, "Service control policies"). */
const accessPointGuard = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'OnlySluiceMakesItsAccessPoints',
      Effect: 'Deny',
      Action: ['s3:CreateAccessPoint', 's3:PutAccessPointPolicy'],
      Resource: 'arn:aws:s3:*:*:accesspoint/sluice-*',
      Condition: { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/sluice' } },
    },
  ],
};

/** The page with its blocks of JSON replaced, the first ones in order. @throws Error where it has fewer blocks than there are documents */
export function permissionsPage(page: string): string {
  const documents = permissionDocuments();
  let used = 0;
  const written = page.replaceAll(/^```json\n[\s\S]*?^```$/gm, (block) => {
    const document = documents[used++];
    return document === undefined ? block : `\`\`\`json\n${JSON.stringify(document, null, 2)}\n\`\`\``;
  });
  if (used < documents.length)
    throw new Error(`docs/aws-permissions.md has ${String(used)} blocks of JSON, not ${String(documents.length)}`);
  return written;
}
