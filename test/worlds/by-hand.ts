/**
 * What people do to AWS behind Sluice's back: statements of ours narrowed, widened and removed, policies changed and detached, statements of their own, roles that go
 * and come back. All of it as the account's administrator, at once.
 */
import { AwsError } from '../../sandbox/aws/wire/error.ts';
import type { Breakage, ForeignEdit } from './operations.ts';
import { consumer, installation, producer, seedRole, type Scene } from './scene.ts';

/** Beginning of the Sids of the product. */
export const ownPrefix = `Sluice${installation}`;

/** A statement as JSON. */
export type Statement = Readonly<Record<string, unknown>>;

/** A document that others write into as well. */
export type Shared = { readonly kind: 'bucket'; readonly name: string } | { readonly kind: 'key'; readonly arn: string };

/** The statements of a bucket or key policy, as AWS shows them. */
export function statementsOf({ aws }: Pick<Scene, 'aws'>, document: Shared): readonly Statement[] {
  const text = textOf({ aws }, document);
  return text === undefined ? [] : (JSON.parse(text) as { readonly Statement: readonly Statement[] }).Statement;
}

/** The policy's text; undefined where there is none. */
export function textOf({ aws }: Pick<Scene, 'aws'>, document: Shared): string | undefined {
  try {
    const answer =
      document.kind === 'bucket'
        ? aws.direct.act(producer, { service: 's3', operation: 'GetBucketPolicy', input: { Bucket: document.name } })
        : aws.direct.act(producer, { service: 'kms', operation: 'GetKeyPolicy', input: { KeyId: document.arn } });
    return (answer as { readonly Policy?: string }).Policy;
  } catch (error) {
    if (error instanceof AwsError && error.code === 'NoSuchBucketPolicy') return undefined;
    throw error;
  }
}

/** Whether a statement carries the product's mark. */
export function isOurs({ Sid }: Statement): boolean {
  return typeof Sid === 'string' && Sid.startsWith(ownPrefix);
}

/** Breaks what is ours in a document; false where there is nothing to break. */
export function breakShared(scene: Scene, document: Shared, how: Breakage): boolean {
  const statements = statementsOf(scene, document);
  if (!statements.some(isOurs)) return false;
  if (how === 'removeAll')
    return put(scene, document, document.kind === 'bucket' ? [] : statements.filter((each) => !isOurs(each)));
  const at = statements.findIndex(isOurs);
  const changed = statements.flatMap((each, index): Statement[] => (index === at ? broken(each, how, document) : [each]));
  return put(scene, document, changed);
}

function broken(statement: Statement, how: Exclude<Breakage, 'removeAll'>, { kind }: Shared): Statement[] {
  const actions = listOf(statement['Action']);
  switch (how) {
    case 'narrow':
      return actions.length < 2 ? [] : [{ ...statement, Action: actions.slice(1) }];
    case 'widen':
      return [{ ...statement, Action: [...actions, kind === 'bucket' ? 's3:DeleteObject' : 'kms:Encrypt'] }];
    case 'remove':
      return [];
  }
}

/** Changes what is not ours; false where there is nothing to change. */
export function editForeign(scene: Scene, document: Shared, how: ForeignEdit): boolean {
  const statements = statementsOf(scene, document);
  const foreign = statements.filter((each) => !isOurs(each));
  const last = foreign.at(-1);
  // The first statement of a key policy is its administrators'.
  const mine = document.kind === 'bucket' ? last : foreign.length > 1 ? last : undefined;
  const deny = {
    Effect: 'Deny',
    Principal: '*',
    Action: document.kind === 'bucket' ? 's3:DeleteBucket' : 'kms:ScheduleKeyDeletion',
  };
  const resource = document.kind === 'bucket' ? `arn:aws:s3:::${document.name}` : '*';
  if (how === 'add') return put(scene, document, [{ ...deny, Sid: 'ByHand', Resource: resource }, ...statements]);
  if (mine === undefined) return false;
  if (how === 'remove')
    return put(
      scene,
      document,
      statements.filter((each) => each !== mine),
    );
  return put(
    scene,
    document,
    statements.map((each) => (each === mine ? { ...each, Sid: `Changed${String(scene.clock.now())}` } : each)),
  );
}

/** Writes the statements; false where AWS refuses them. */
function put({ aws }: Scene, document: Shared, statements: readonly Statement[]): boolean {
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  const bucket = { Bucket: document.kind === 'bucket' ? document.name : '' };
  return taken(() =>
    document.kind === 'key'
      ? aws.direct.act(producer, { service: 'kms', operation: 'PutKeyPolicy', input: { KeyId: document.arn, Policy } })
      : statements.length === 0
        ? aws.direct.act(producer, { service: 's3', operation: 'DeleteBucketPolicy', input: bucket })
        : aws.direct.act(producer, { service: 's3', operation: 'PutBucketPolicy', input: { ...bucket, Policy } }),
  );
}

/** ARNs of the policies of ours in an account. */
export function ownPolicies({ aws }: Pick<Scene, 'aws'>, account: string): readonly string[] {
  const input = { PathPrefix: `/sluice/${installation}/`, Scope: 'Local' };
  const answer = aws.direct.act(account, { service: 'iam', operation: 'ListPolicies', input });
  return ((answer as { Policies?: readonly { Arn?: string }[] }).Policies ?? []).map(({ Arn = '' }) => Arn);
}

/** Policies of ours that hang on another role than the one that they are for: names of two roles have met. */
export function misplacedPolicies({ aws, roles }: Pick<Scene, 'aws' | 'roles'>): string[] {
  return roles.flatMap(({ account, name, arn }) => {
    if (uniqueIdOf({ aws }, account, name) === undefined) return [];
    const iam = (operation: string, input: object): unknown => aws.direct.act(account, { service: 'iam', operation, input });
    const { AttachedPolicies = [] } = iam('ListAttachedRolePolicies', { RoleName: name }) as {
      AttachedPolicies?: readonly { PolicyArn?: string }[];
    };
    return AttachedPolicies.flatMap(({ PolicyArn }) => {
      const { Policy } = iam('GetPolicy', { PolicyArn }) as { Policy?: { Tags?: readonly { Key?: string; Value?: string }[] } };
      const isFor = Policy?.Tags?.find(({ Key }) => Key === 'sluice.dev/principal')?.Value;
      return isFor === arn ? [] : [`${PolicyArn ?? ''} is for ${isFor ?? 'nobody'} and hangs on ${arn}`];
    });
  });
}

/** Breaks a policy of ours that is attached to the role; false where there is none. */
export function breakRole(scene: Scene, index: number, how: Breakage | 'detach'): boolean {
  const role = scene.roles[index];
  if (role === undefined) return false;
  const { account, name } = role;
  const iam = (operation: string, input: object): unknown => scene.aws.direct.act(account, { service: 'iam', operation, input });
  try {
    const attached = iam('ListAttachedRolePolicies', { RoleName: name }) as {
      AttachedPolicies?: readonly { PolicyArn?: string }[];
    };
    const PolicyArn = attached.AttachedPolicies?.map((each) => each.PolicyArn ?? '').find((arn) => arn.includes(installation));
    if (PolicyArn === undefined) return false;
    if (how === 'detach' || how === 'removeAll') iam('DetachRolePolicy', { RoleName: name, PolicyArn });
    if (how === 'removeAll') removePolicy(iam, PolicyArn);
    if (how === 'narrow' || how === 'widen' || how === 'remove') rewrite(iam, PolicyArn, how);
    return true;
  } catch (error) {
    // The role is gone, or somebody has used up the versions: nothing to break.
    if (error instanceof AwsError) return false;
    throw error;
  }
}

type Iam = (operation: string, input: object) => unknown;

function versionsOf(iam: Iam, PolicyArn: string): readonly { VersionId?: string; IsDefaultVersion?: boolean }[] {
  const answer = iam('ListPolicyVersions', { PolicyArn }) as {
    Versions?: readonly { VersionId?: string; IsDefaultVersion?: boolean }[];
  };
  return answer.Versions ?? [];
}

function removePolicy(iam: Iam, PolicyArn: string): void {
  for (const { VersionId, IsDefaultVersion } of versionsOf(iam, PolicyArn))
    if (IsDefaultVersion !== true) iam('DeletePolicyVersion', { PolicyArn, VersionId });
  iam('DeletePolicy', { PolicyArn });
}

function rewrite(iam: Iam, PolicyArn: string, how: 'narrow' | 'widen' | 'remove'): void {
  const current = versionsOf(iam, PolicyArn).find(({ IsDefaultVersion }) => IsDefaultVersion === true);
  const answer = iam('GetPolicyVersion', { PolicyArn, VersionId: current?.VersionId }) as {
    PolicyVersion?: { Document?: string };
  };
  const text = answer.PolicyVersion?.Document ?? '{"Statement":[]}';
  const document = JSON.parse(text.startsWith('{') ? text : decodeURIComponent(text)) as { Statement: readonly Statement[] };
  const [first, ...others] = document.Statement;
  if (first === undefined) return;
  const changed = how === 'widen' ? { ...first, Action: [...listOf(first['Action']), 's3:GetBucketTagging'] } : undefined;
  const narrowed = { ...first, Action: listOf(first['Action']).slice(1) };
  const kept = how === 'narrow' && narrowed.Action.length > 0 ? [narrowed] : changed === undefined ? [] : [changed];
  const Statement = [...kept, ...others];
  if (Statement.length === 0) return;
  iam('CreatePolicyVersion', { PolicyArn, PolicyDocument: JSON.stringify({ ...document, Statement }), SetAsDefault: true });
}

/** Deletes the role with all that hangs on it, or makes it again: then it is another one. */
export function replaceRole(scene: Scene, index: number, becomes: 'gone' | 'another'): void {
  const role = scene.roles[index];
  if (role === undefined) return;
  const { account, name: RoleName } = role;
  const iam: Iam = (operation, input) => scene.aws.direct.act(account, { service: 'iam', operation, input });
  if (uniqueIdOf(scene, account, RoleName) !== undefined) {
    const attached = iam('ListAttachedRolePolicies', { RoleName }) as { AttachedPolicies?: readonly { PolicyArn?: string }[] };
    for (const { PolicyArn } of attached.AttachedPolicies ?? []) iam('DetachRolePolicy', { RoleName, PolicyArn });
    const inline = iam('ListRolePolicies', { RoleName }) as { PolicyNames?: readonly string[] };
    for (const PolicyName of inline.PolicyNames ?? []) iam('DeleteRolePolicy', { RoleName, PolicyName });
    iam('DeleteRole', { RoleName });
  }
  if (becomes === 'another') seedRole(scene.aws, role, scene.setup.management[index] ?? 'Managed');
}

/** The unique id of a role; undefined while it does not exist. */
export function uniqueIdOf({ aws }: Pick<Scene, 'aws'>, account: string, RoleName: string): string | undefined {
  try {
    const answer = aws.direct.act(account, { service: 'iam', operation: 'GetRole', input: { RoleName } });
    return (answer as { Role?: { RoleId?: string } }).Role?.RoleId;
  } catch (error) {
    if (error instanceof AwsError && error.code === 'NoSuchEntity') return undefined;
    throw error;
  }
}

/** An access point that somebody made. */
export interface Point {
  readonly name: string;
  readonly arn: string;
}

/** The access points to a bucket of the data's account, whoever made them. */
export function pointsOf({ aws }: Pick<Scene, 'aws'>, bucket: string): readonly Point[] {
  const input = { AccountId: producer, Bucket: bucket };
  const answer = aws.direct.act(producer, { service: 's3control', operation: 'ListAccessPoints', input });
  const list = (answer as { AccessPointList?: readonly { Name?: string; AccessPointArn?: string }[] }).AccessPointList ?? [];
  return list.map(({ Name = '', AccessPointArn = '' }) => ({ name: Name, arn: AccessPointArn }));
}

/** Breaks one of the access points to a bucket: its policy, or all of it; false where there is nothing to break. */
export function breakPoint(scene: Scene, bucket: string, how: Breakage): boolean {
  const [point] = pointsOf(scene, bucket);
  if (point === undefined) return false;
  const control = (operation: string, input: object = {}): unknown =>
    scene.aws.direct.act(producer, {
      service: 's3control',
      operation,
      input: { AccountId: producer, Name: point.name, ...input },
    });
  if (how === 'removeAll') control('DeleteAccessPoint');
  else if (how === 'remove') control('DeleteAccessPointPolicy');
  else {
    const text = pointPolicy(control);
    if (text === undefined) return false;
    const { Statement, ...rest } = JSON.parse(text) as { readonly Statement: readonly Statement[] };
    const kept = Statement.flatMap((each, index) => (index === 0 ? broken(each, how, { kind: 'bucket', name: bucket }) : [each]));
    if (kept.length === 0) return false;
    return taken(() => control('PutAccessPointPolicy', { Policy: JSON.stringify({ ...rest, Statement: kept }) }));
  }
  return true;
}

/** Whether AWS takes a policy: it refuses one that is too large, and one that names a role which is gone. */
function taken(put: () => unknown): boolean {
  try {
    put();
    return true;
  } catch (error) {
    if (error instanceof AwsError) return false;
    throw error;
  }
}

function pointPolicy(control: (operation: string) => unknown): string | undefined {
  try {
    return (control('GetAccessPointPolicy') as { readonly Policy?: string }).Policy;
  } catch (error) {
    if (error instanceof AwsError && error.code === 'NoSuchAccessPointPolicy') return undefined;
    throw error;
  }
}

/** Everything of ours that is in AWS, in words; empty after all was taken back. */
export function leftIn(scene: Scene, isExempt: (document: Shared) => boolean): string[] {
  const shared = documentsOf(scene)
    .filter((document) => !isExempt(document))
    .flatMap((document) =>
      statementsOf(scene, document)
        .filter(isOurs)
        .map((each) => `${String(each['Sid'])} in ${nameOf(document)}`),
    );
  const points = scene.buckets.flatMap((bucket) => pointsOf(scene, bucket).map(({ arn }) => arn));
  return [...shared, ...points, ...[producer, consumer].flatMap((account) => ownPolicies(scene, account))];
}

/** All documents that others write into as well. */
export function documentsOf({ buckets, keys }: Scene): Shared[] {
  return [
    ...buckets.map((name) => ({ kind: 'bucket', name }) as const),
    ...keys.filter((arn) => arn !== undefined).map((arn) => ({ kind: 'key', arn }) as const),
  ];
}

/** A name for messages. */
export function nameOf(document: Shared): string {
  return document.kind === 'bucket' ? document.name : document.arn;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [value];
}
