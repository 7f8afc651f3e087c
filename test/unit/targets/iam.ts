/** What IAM holds of a role's policies, read through its API. Tests only. */
import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  ListAttachedRolePoliciesCommand,
  ListPoliciesCommand,
} from '@aws-sdk/client-iam';
import type { JsonObject } from '../../../src/policy/document.ts';
import { policyArn, type SharePolicyCoordinates } from '../../../src/targets/share-policy-names.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import { consumer, installation, type TestWorld } from './world.ts';

/** Coordinates of a role's share policies, as the tests' writer uses them. */
export const coordinatesOf = (principalArn: string): SharePolicyCoordinates => ({
  session: { environment: 'e', accountId: consumer, region: 'eu-west-1' },
  principalArn,
  prefix: 'sluice',
  management: 'Managed',
});

/** ARN of a role's first share policy. */
export const firstPolicy = (principal: PrincipalRef): string => policyArn(installation, coordinatesOf(principal.arn), 0);

/** ARNs of all managed policies of the consumer. */
export async function policies(world: TestWorld): Promise<string[]> {
  const { Policies } = await world.consumer.iam.send(new ListPoliciesCommand({ Scope: 'Local' }));
  return (Policies ?? []).map(({ Arn }) => Arn ?? '').sort();
}

/** ARNs of the policies attached to a role. */
export async function attached(world: TestWorld, role: string): Promise<string[]> {
  const { AttachedPolicies } = await world.consumer.iam.send(new ListAttachedRolePoliciesCommand({ RoleName: role }));
  return (AttachedPolicies ?? []).map(({ PolicyArn }) => PolicyArn ?? '').sort();
}

/** The statements of a policy's default version. */
export async function contentOf(world: TestWorld, arn: string): Promise<JsonObject[]> {
  const { Policy } = await world.consumer.iam.send(new GetPolicyCommand({ PolicyArn: arn }));
  const command = new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: Policy?.DefaultVersionId });
  const { PolicyVersion } = await world.consumer.iam.send(command);
  return (JSON.parse(decodeURIComponent(PolicyVersion?.Document ?? '')) as { readonly Statement: JsonObject[] }).Statement;
}

/** The statements of all policies attached to a role, by policy. */
export async function contents(world: TestWorld, role: string): Promise<JsonObject[][]> {
  return Promise.all((await attached(world, role)).map((arn) => contentOf(world, arn)));
}

/** Everything that a role may do by its attached policies, as "action resource". */
export async function granted(world: TestWorld, role: string): Promise<Set<string>> {
  const statements = (await contents(world, role)).flat();
  const texts = statements.flatMap((one) =>
    (one.Resource as string[]).flatMap((resource) => (one.Action as string[]).map((action) => `${action} ${resource}`)),
  );
  return new Set(texts);
}
