/** Policies of access points, and an account's block public access. */
import type * as Control from '@aws-sdk/client-s3-control';
import { showPrincipals } from '../policy/principals.ts';
import { isPublicPolicy } from '../policy/public.ts';
import { checkS3Policy } from '../policy/s3-check.ts';
import { blocks, publicBlocked, s3Error, view } from '../s3/shared.ts';
import { operation, type Access, type Call, type Operation } from '../service.ts';
import { change } from '../stale.ts';
import type { AccessPoint } from './model.ts';
import { findPoint, pointAccess, pointArn } from './points.ts';

function storedPolicy(call: Call, point: AccessPoint): string {
  const stored = view(call, point.policy);
  if (stored === null)
    throw s3Error('NoSuchAccessPointPolicy', 'The specified accesspoint policy does not exist', 404, {
      AccessPointName: point.name,
    });
  return stored;
}

// The bucket's own setting counts for access points of the same account (access-control-block-public-access, BlockPublicPolicy).
function blocksPublicPolicy(call: Call, point: AccessPoint): boolean {
  const { s3, accessPoints } = call.world.state;
  const bucket = s3.buckets.get(point.bucket);
  if (point.publicAccessBlock.BlockPublicPolicy || accessPoints.accountBlocks.get(point.account)?.BlockPublicPolicy) return true;
  return bucket?.account === point.account && blocks(call, bucket, 'BlockPublicPolicy');
}

const accountAccess = (input: { AccountId?: string | undefined }, action: string): Access => ({
  action: `s3:${action}`,
  resource: '*',
  account: input.AccountId ?? '',
});

/** Operations on policies of access points and on an account's block public access. */
export const pointPolicyOperations: Record<string, Operation> = {
  PutAccessPointPolicy: operation<Control.PutAccessPointPolicyRequest, undefined>({
    readOnly: false,
    access: (call, input) => pointAccess(call, input),
    document: (call, input) => `policy of ${pointArn(call, input)}`,
    run: (call, input) => {
      const point = findPoint(call, input);
      const stored = checkS3Policy(call.world, input.Policy ?? '', { arn: point.arn, separator: '/object/' });
      if (point.vpcId === undefined && isPublicPolicy(stored, 'accesspoint') && blocksPublicPolicy(call, point))
        throw publicBlocked(call, point.arn);
      change(point.policy, stored, call.now);
      return undefined;
    },
  }),
  GetAccessPointPolicy: operation<Control.GetAccessPointPolicyRequest, Control.GetAccessPointPolicyResult>({
    readOnly: true,
    access: (call, input) => pointAccess(call, input),
    run: (call, input) => ({ Policy: showPrincipals(call.world, storedPolicy(call, findPoint(call, input))) }),
  }),
  GetAccessPointPolicyStatus: operation<Control.GetAccessPointPolicyStatusRequest, Control.GetAccessPointPolicyStatusResult>({
    readOnly: true,
    access: (call, input) => pointAccess(call, input),
    run: (call, input) => {
      const point = findPoint(call, input);
      return {
        PolicyStatus: { IsPublic: point.vpcId === undefined && isPublicPolicy(storedPolicy(call, point), 'accesspoint') },
      };
    },
  }),
  DeleteAccessPointPolicy: operation<Control.DeleteAccessPointPolicyRequest, undefined>({
    readOnly: false,
    access: (call, input) => pointAccess(call, input),
    document: (call, input) => `policy of ${pointArn(call, input)}`,
    run: (call, input) => {
      change(findPoint(call, input).policy, null, call.now);
      return undefined;
    },
  }),
  GetPublicAccessBlock: operation<Control.GetPublicAccessBlockRequest, Control.GetPublicAccessBlockOutput>({
    readOnly: true,
    access: (_call, input) => accountAccess(input, 'GetAccountPublicAccessBlock'),
    run: (call, input) => {
      const found = call.world.state.accessPoints.accountBlocks.get(input.AccountId ?? '');
      if (!found)
        throw s3Error('NoSuchPublicAccessBlockConfiguration', 'The public access block configuration was not found', 404, {
          AccountId: input.AccountId,
        });
      return { PublicAccessBlockConfiguration: found };
    },
  }),
  PutPublicAccessBlock: operation<Control.PutPublicAccessBlockRequest, undefined>({
    readOnly: false,
    access: (_call, input) => accountAccess(input, 'PutAccountPublicAccessBlock'),
    run: (call, input) => {
      const wanted = input.PublicAccessBlockConfiguration;
      call.world.state.accessPoints.accountBlocks.set(input.AccountId ?? '', {
        BlockPublicAcls: wanted?.BlockPublicAcls ?? false,
        IgnorePublicAcls: wanted?.IgnorePublicAcls ?? false,
        BlockPublicPolicy: wanted?.BlockPublicPolicy ?? false,
        RestrictPublicBuckets: wanted?.RestrictPublicBuckets ?? false,
      });
      return undefined;
    },
  }),
  DeletePublicAccessBlock: operation<Control.DeletePublicAccessBlockRequest, undefined>({
    readOnly: false,
    access: (_call, input) => accountAccess(input, 'PutAccountPublicAccessBlock'),
    run: (call, input) => {
      call.world.state.accessPoints.accountBlocks.delete(input.AccountId ?? '');
      return undefined;
    },
  }),
};
