/**
 * One role with a hundred buckets, each with a key of its own: the owners' side is in place, so that what the role can read depends on its share policies alone.
 * Tests only.
 */
import type { Contribution, PrincipalRef } from '../../../src/targets/target.ts';
import type { IdentityGrant } from '../../../src/targets/share-policy-plan.ts';
import { createWorld, producer, wantShare, type TestWorld } from './world.ts';

/** The world with the role. */
export interface Estate {
  readonly world: TestWorld;
  readonly role: PrincipalRef;
  /** What the share of bucket `number` asks for. */
  share(number: number, over?: ShareOptions): Contribution<IdentityGrant>;
  /** Would AWS let the role read an object of the bucket, and decrypt it? */
  reads(number: number): boolean;
}

/** What may differ from a share that is wanted and reads. */
export interface ShareOptions {
  readonly mode?: Contribution<IdentityGrant>['mode'];
  readonly writes?: boolean;
}

const readActions = ['s3:GetObject', 's3:ListBucket'];

/** Makes an estate of so many buckets, with names as long as S3 allows. */
export async function createEstate(count: number, settings: Parameters<typeof createWorld>[0] = {}): Promise<Estate> {
  const world = createWorld(settings);
  const role = await world.role('analyst');
  const { seed } = world.aws;
  const keys = Array.from({ length: count }, (_, number) => {
    const { arn } = seed.key(producer, { policy: policyFor(role.arn, 'kms:*', '*') });
    const name = bucketName(number);
    const policy = policyFor(role.arn, 's3:*', `arn:aws:s3:::${name}/*`);
    seed.bucket(producer, name, { encryption: { algorithm: 'aws:kms', keyArn: arn }, policy });
    seed.object(name, 'hello.txt', 'hello');
    return arn;
  });
  return {
    world,
    role,
    share: (number, { mode = 'want', writes = false } = {}) =>
      wantShare(role, bucketName(number), {
        mode,
        order: String(number).padStart(4, '0'),
        actions: writes ? [...readActions, 's3:PutObject'] : readActions,
        ...(keys[number] === undefined ? {} : { key: keys[number] }),
      }),
    reads: (number) =>
      world.aws.direct.allows(role.arn, {
        service: 's3',
        operation: 'GetObject',
        input: { Bucket: bucketName(number), Key: 'hello.txt' },
      }),
  };
}

/** 63 characters, the most that a bucket's name has (docs/AmazonS3/latest/userguide/bucketnamingrules.md). */
function bucketName(number: number): string {
  return `acme-data-lake-production-orders-${String(number).padStart(30, '0')}`;
}

function policyFor(roleArn: string, action: string, resource: string): object {
  const root = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${producer}:root` }, Action: 'kms:*', Resource: '*' };
  const own = { Effect: 'Allow', Principal: { AWS: roleArn }, Action: action, Resource: resource };
  return { Version: '2012-10-17', Statement: action.startsWith('kms') ? [root, own] : [own] };
}
