/** Situations in AWS: refusals, denials, what others write into the same documents. */
import { policyName, policyPath, type SharePolicyCoordinates } from '../../../../src/targets/share-policy-names.ts';
import { breakShared } from '../../../worlds/by-hand.ts';
import { installation } from '../../../worlds/scene.ts';
import { bucket, consumer, owner, producer, putBucketPolicy, requester, roleArn } from './hands.ts';
import { ask, deny, editEnvironment, withhold, type Situation } from './situation.ts';

/** By reason. */
export const awsSituations: readonly Situation[] = [
  {
    reason: 'AccessDenied',
    what: 'AWS refuses the operator',
    before: (hands) => {
      withhold(hands, producer, 's3:PutBucketPolicy');
      ask(hands);
    },
  },
  {
    reason: 'AwsRefused',
    what: 'AWS refuses for another reason',
    before: (hands) => {
      hands.scene.aws.faults.add({
        kind: 'error',
        code: 'MethodNotAllowed',
        status: 405,
        match: { operation: 'PutBucketPolicy' },
      });
      ask(hands);
    },
  },
  {
    reason: 'MalformedPolicy',
    what: 'AWS refuses the document',
    before: (hands) => {
      hands.scene.aws.faults.add({
        kind: 'error',
        code: 'MalformedPolicy',
        status: 400,
        match: { operation: 'PutBucketPolicy' },
      });
      ask(hands);
    },
    wait: 1200,
  },
  {
    reason: 'DeniedByOwnerPolicy',
    what: 'a Deny in the bucket policy',
    before: (hands) => {
      putBucketPolicy(hands, deny({ Principal: { AWS: roleArn } }));
      ask(hands);
    },
  },
  {
    reason: 'DeniedByPrincipalPolicy',
    what: 'a Deny in the role’s own policy',
    before: (hands) => {
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [deny({})] });
      hands.act(consumer, 'iam', 'PutRolePolicy', { RoleName: 'etl', PolicyName: 'own', PolicyDocument });
      ask(hands);
    },
    wait: 1200,
  },
  {
    reason: 'PolicySizeLimit',
    what: 'the bucket policy is as full as Sluice may make it',
    before: editEnvironment('sales', { limits: { documentShare: 1 } }),
  },
  {
    reason: 'QuotaExceeded',
    what: 'the role has as many policies as it may',
    setup: { attachmentQuota: 1 },
    before: (hands) => {
      const own = {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' }],
      };
      const PolicyArn = hands.scene.aws.seed.policy(consumer, 'own', own);
      hands.act(consumer, 'iam', 'AttachRolePolicy', { RoleName: 'etl', PolicyArn });
      ask(hands);
    },
  },
  {
    reason: 'NotOwned',
    what: 'a policy of somebody else has the name that Sluice would use',
    before: (hands) => {
      const own = {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' }],
      };
      const coordinates = { prefix: 'sluice', principalArn: roleArn, session: { accountId: consumer } } as SharePolicyCoordinates;
      const name = policyName(installation, coordinates, 0);
      hands.scene.aws.seed.policy(consumer, name, own, policyPath(installation, coordinates));
      ask(hands);
    },
  },
  {
    reason: 'ConflictingOwner',
    what: 'another tool keeps changing the document back',
    setup: { drift: 'Reapply' },
    after: async (hands) => {
      for (let turn = 0; turn < 8; turn++) {
        putBucketPolicy(
          hands,
          deny({ Sid: `Version${String(turn)}`, Principal: '*', Action: 's3:DeleteBucket', Resource: `arn:aws:s3:::${bucket}` }),
        );
        await hands.share(requester, 'verify q0');
        await hands.wait(30);
      }
    },
    wait: 1,
  },
  {
    reason: 'ForeignPrincipalInvalid',
    what: 'a foreign statement names a deleted role',
    before: (hands) => {
      const { arn } = hands.scene.aws.seed.role(consumer, 'gone');
      putBucketPolicy(hands, deny({ Principal: { AWS: arn } }));
      hands.act(consumer, 'iam', 'DeleteRole', { RoleName: 'gone' });
      ask(hands);
    },
  },
  {
    reason: 'Drifted',
    what: 'somebody took the statement out',
    after: async (hands) => {
      breakShared(hands.scene, { kind: 'bucket', name: bucket }, 'removeAll');
      await hands.share(requester, 'verify q0');
    },
  },
  {
    reason: 'Excess',
    what: 'somebody widened the statement',
    after: async (hands) => {
      breakShared(hands.scene, { kind: 'bucket', name: bucket }, 'widen');
      await hands.share(requester, 'verify q0');
    },
  },
  {
    reason: 'RevokeFailed',
    what: 'access can’t be taken back',
    after: (hands) => {
      withhold(hands, producer, 's3:PutBucketPolicy', 's3:DeleteBucketPolicy');
      hands.remove('shareapprovals', `${owner}/q0-a`);
    },
  },
];
