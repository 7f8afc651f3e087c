/** Situations of the data: buckets and keys that are not there or can’t be shared as they are. */
import { bucket, consumer, owner, producer } from './hands.ts';
import { ask, withBuckets, type Situation } from './situation.ts';

/** By reason. */
export const dataSituations: readonly Situation[] = [
  { reason: 'BucketNotFound', what: 'there is no such bucket', before: withBuckets({ name: 'no-such-bucket' }) },
  {
    reason: 'RegionMismatch',
    what: 'the bucket is in another region',
    before: (hands) => {
      hands.scene.aws.seed.bucket(producer, 'far-away', { region: 'us-west-2' });
      withBuckets({ name: 'far-away' })(hands);
    },
  },
  {
    reason: 'KeyNotFound',
    what: 'there is no such key',
    before: withBuckets({
      name: bucket,
      kmsKeyArn: `arn:aws:kms:eu-west-1:${producer}:key/00000000-0000-4000-8000-000000000000`,
    }),
  },
  {
    reason: 'KeyMismatch',
    what: 'the bucket is encrypted with another key',
    before: (hands) => {
      const [one, two] = [hands.scene.aws.seed.key(producer).arn, hands.scene.aws.seed.key(producer).arn];
      hands.scene.aws.seed.bucket(producer, 'locked', { encryption: { algorithm: 'aws:kms', keyArn: one } });
      withBuckets({ name: 'locked', kmsKeyArn: two })(hands);
    },
  },
  {
    reason: 'KeyNotUsable',
    what: 'the key is disabled',
    before: (hands) => {
      const { arn } = hands.scene.aws.seed.key(producer);
      hands.scene.aws.seed.bucket(producer, 'locked', { encryption: { algorithm: 'aws:kms', keyArn: arn } });
      hands.act(producer, 'kms', 'DisableKey', { KeyId: arn });
      withBuckets({ name: 'locked', kmsKeyArn: arn })(hands);
    },
  },
  {
    reason: 'AwsManagedKey',
    what: 'the bucket is encrypted with the key of AWS',
    before: (hands) => {
      hands.scene.aws.seed.bucket(producer, 'locked', { encryption: { algorithm: 'aws:kms' } });
      withBuckets({ name: 'locked' })(hands);
    },
  },
  {
    reason: 'ObjectsOfOthers',
    what: 'others own objects in the bucket, and Write is asked for',
    before: (hands) => {
      hands.scene.aws.seed.bucket(producer, 'open', { ownership: 'ObjectWriter' });
      hands.edit('datasets', `${owner}/orders`, (spec) => ({ ...spec, buckets: [{ name: 'open' }] }));
      const items = [{ type: 'Bucket', name: 'open' }];
      hands.request({ items, permissions: ['Read', 'Write'] });
      hands.approve({ items: [{ ...items[0], permissions: ['Read', 'Write'] }] });
    },
  },
  {
    reason: 'PrincipalNotFound',
    what: 'there is no such role',
    before: (hands) => {
      hands.act(consumer, 'iam', 'DeleteRole', { RoleName: 'etl' });
      ask(hands);
    },
  },
  {
    reason: 'BlockedByPublicPolicy',
    what: 'a public statement under block public access',
    before: (hands) => {
      const { seed } = hands.scene.aws;
      seed.bucket(producer, 'public', {
        publicAccessBlock: null,
        policy: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::public/*' }],
        },
      });
      const all = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
      hands.act(producer, 's3', 'PutPublicAccessBlock', { Bucket: 'public', PublicAccessBlockConfiguration: all });
      withBuckets({ name: 'public' })(hands);
    },
  },
  {
    reason: 'KeyPolicyLockout',
    what: 'nobody could change the key policy afterwards',
    before: (hands) => {
      const { arn } = hands.scene.aws.seed.key(producer);
      hands.scene.aws.seed.bucket(producer, 'locked', { encryption: { algorithm: 'aws:kms', keyArn: arn } });
      const look = {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${producer}:root` },
        Action: ['kms:Describe*', 'kms:Get*', 'kms:List*'],
        Resource: '*',
      };
      hands.act(producer, 'kms', 'PutKeyPolicy', {
        KeyId: arn,
        PolicyName: 'default',
        Policy: JSON.stringify({ Version: '2012-10-17', Statement: [look] }),
        BypassPolicyLockoutSafetyCheck: true,
      });
      withBuckets({ name: 'locked', kmsKeyArn: arn })(hands);
    },
  },
];
