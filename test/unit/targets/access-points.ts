/** Folder grants on access points as the tests ask for them, and what AWS then holds and lets people do. Tests only. */
import { GetObjectCommand, ListObjectsV2Command, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { GetAccessPointCommand, GetAccessPointPolicyCommand, PutAccessPointPolicyCommand } from '@aws-sdk/client-s3-control';
import type { JsonObject } from '../../../src/policy/document.ts';
import { accessPoint } from '../../../src/targets/access-point.ts';
import type { AccessPointCoordinates } from '../../../src/targets/access-point-plan.ts';
import type { ResourceGrant } from '../../../src/targets/resource-policy.ts';
import type { Contribution, PrincipalRef } from '../../../src/targets/target.ts';
import type { TargetReport } from '../../../src/targets/writer-types.ts';
import { awsClients } from '../../support/aws.ts';
import { producer, type RunOptions, type TestWorld } from './world.ts';

/** The bucket, the point's name, its ARN and what S3 Control is asked with. */
export const bucket = 'acme';
export const pointName = 'sluice-abcd1234-abcdefghijklmnopqrstuvwxyz';
export const pointArn = `arn:aws:s3:eu-west-1:${producer}:accesspoint/${pointName}`;
export const place = { AccountId: producer, Name: pointName };

/** The access point of all these tests. */
export const coordinates: AccessPointCoordinates = {
  session: { environment: `env-${producer}`, accountId: producer, region: 'eu-west-1' },
  name: pointName,
  bucket,
};

/** A contribution to the access point: Read on a folder. The item is the folder's name, unless another is given. */
export function wantFolder(
  principal: PrincipalRef,
  folder: string,
  over: Partial<Contribution<ResourceGrant>> & { readonly actions?: readonly string[] } = {},
): Contribution<ResourceGrant> {
  const { actions = ['s3:GetObject'], ...rest } = over;
  const literal = folder.replace(/[*?$]/g, (special) => `\${${special}}`);
  const listing = { StringLike: { 's3:prefix': [`${literal}/`, `${literal}/*`] } };
  const templates = [
    { name: 'Read', actions, resources: [`${pointArn}/object/${literal}/*`] },
    { name: 'ReadList', actions: ['s3:ListBucket'], resources: [pointArn], condition: listing },
  ];
  return { item: folder, order: '2026-01-01', mode: 'want', repair: true, grant: { principal, templates }, ...rest };
}

/** One run of the access point. */
export function runPoint(
  world: TestWorld,
  contributions: readonly Contribution<ResourceGrant>[],
  { verify = false, signal = new AbortController().signal, isCurrent = () => true }: RunOptions = {},
): Promise<TargetReport<unknown>> {
  const { s3, s3control, iam, kms } = world.producer;
  const context = { s3, s3control, iam, kms, signal };
  return world.writer.run({ kind: accessPoint, coordinates, contributions, context, signal, verify, isCurrent });
}

/** Lets the access points of the account use the bucket, and the role whatever access points allow it. */
export async function openWorld(world: TestWorld, role: string): Promise<PrincipalRef> {
  world.aws.seed.bucket(producer, bucket);
  const delegation = {
    Sid: 'Delegation',
    Effect: 'Allow',
    Principal: '*',
    Action: ['s3:GetObject', 's3:PutObject', 's3:ListBucket'],
    Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
    Condition: { StringEquals: { 's3:DataAccessPointAccount': producer } },
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [delegation] });
  await world.producer.s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  const all = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] };
  const { arn, id } = world.aws.seed.role('444455556666', role, { policies: { all } });
  return { arn, uniqueId: id };
}

/** The statements of the point's policy as S3 shows them; "none": no policy; "gone": no point. */
export async function pointStatements(world: TestWorld): Promise<JsonObject[] | 'none' | 'gone'> {
  try {
    const { Policy } = await world.producer.s3control.send(new GetAccessPointPolicyCommand(place));
    return (JSON.parse(Policy ?? '') as { readonly Statement: JsonObject[] }).Statement;
  } catch (error) {
    const code = error instanceof Error ? error.name : '';
    if (code === 'NoSuchAccessPointPolicy') return 'none';
    if (code === 'NoSuchAccessPoint') return 'gone';
    throw error;
  }
}

/** The statements of a policy that is there. */
export async function policyStatements(world: TestWorld): Promise<JsonObject[]> {
  const found = await pointStatements(world);
  if (typeof found === 'string') throw new Error(`The point has no policy: ${found}.`);
  return found;
}

/** Somebody writes the point's policy. */
export async function putStatements(world: TestWorld, statements: readonly JsonObject[]): Promise<void> {
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  await world.producer.s3control.send(new PutAccessPointPolicyCommand({ ...place, Policy }));
}

/** A statement of somebody else's on the point. */
export const foreignStatement: JsonObject = {
  Sid: 'Theirs',
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${producer}:root` },
  Action: 's3:GetObject',
  Resource: `${pointArn}/object/other/*`,
};

/** What the principal gets for an object through the point: its text, or the error's code. */
export async function read(world: TestWorld, principal: PrincipalRef, key: string, through = pointArn): Promise<string> {
  const { s3 } = awsClients(world.aws, world.aws.seed.session(principal));
  return s3.send(new GetObjectCommand({ Bucket: through, Key: key })).then(
    async ({ Body }) => (await Body?.transformToString()) ?? '',
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );
}

/** The keys that the principal gets when it lists through the point, or the error's code. */
export async function list(world: TestWorld, principal: PrincipalRef, prefix: string): Promise<string[] | string> {
  const { s3 } = awsClients(world.aws, world.aws.seed.session(principal));
  return s3.send(new ListObjectsV2Command({ Bucket: pointArn, Prefix: prefix })).then(
    ({ Contents }) => (Contents ?? []).map(({ Key }) => Key ?? ''),
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );
}

/** The alias that S3 gave the point. */
export async function aliasOf(world: TestWorld): Promise<string> {
  return (await world.producer.s3control.send(new GetAccessPointCommand(place))).Alias ?? '';
}
