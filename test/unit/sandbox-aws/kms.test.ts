// The control plane of the stand-in's KMS: policies, the lock-out check, states and aliases.
import { DeleteRoleCommand } from '@aws-sdk/client-iam';
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAws, type Aws } from '../../../sandbox/aws/index.ts';
import { awsClients, type AwsClients } from '../../support/aws.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const account = '111111111111';
const other = '222222222222';
const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });

let aws: Aws;
let admin: AwsClients;

beforeEach(() => {
  aws = createAws({ clock: createVirtualClock() });
  admin = awsClients(aws, account);
});

describe('keys', () => {
  const root = { Effect: 'Allow', Principal: { AWS: account }, Action: 'kms:*', Resource: '*' };

  test('given a policy that locks the caller out, when it is put, then it is refused unless the check is bypassed', async () => {
    const { arn } = aws.seed.key(account);
    const lockedOut = document({ ...root, Action: 'kms:DescribeKey' });
    const put = (more: object = {}) => admin.kms.send(new PutKeyPolicyCommand({ KeyId: arn, Policy: lockedOut, ...more }));
    await expect(put()).rejects.toMatchObject({
      name: 'MalformedPolicyDocumentException',
      message: 'The new key policy will not allow you to update the key policy in the future.',
    });
    await expect(put({ BypassPolicyLockoutSafetyCheck: true })).resolves.toBeDefined();
  });

  test('given an unknown principal or too many bytes, when the policy is put, then it is refused whole', async () => {
    const { arn } = aws.seed.key(account);
    const put = (Policy: string) => admin.kms.send(new PutKeyPolicyCommand({ KeyId: arn, Policy }));
    await expect(put(document(root, { ...root, Principal: { AWS: `arn:aws:iam::${other}:role/nobody` } }))).rejects.toMatchObject(
      {
        name: 'MalformedPolicyDocumentException',
        message: 'Policy contains a statement with one or more invalid principals.',
      },
    );
    await expect(put(document(root, { ...root, Sid: 'x'.repeat(33_000) }))).rejects.toMatchObject({
      name: 'LimitExceededException',
    });
    await expect(put(document(root, { Effect: 'Allow', Principal: { AWS: other } }))).resolves.toBeDefined();
  });

  test('given a deleted role in a key policy, when the policy is read, then its id shows', async () => {
    const role = aws.seed.role(other, 'r');
    const { arn } = aws.seed.key(account, {
      policy: document(root, { ...root, Principal: { AWS: role.arn }, Action: 'kms:Decrypt' }),
    });
    await awsClients(aws, other).iam.send(new DeleteRoleCommand({ RoleName: 'r' }));
    const { Policy } = await admin.kms.send(new GetKeyPolicyCommand({ KeyId: arn }));
    expect(Policy).toContain(`"${role.id}"`);
    await expect(admin.kms.send(new PutKeyPolicyCommand({ KeyId: arn, Policy }))).rejects.toMatchObject({
      name: 'MalformedPolicyDocumentException',
    });
  });

  test('given a key without its account in the policy, when identity policies allow its use, then they do not count', async () => {
    const keeper = aws.seed.role(account, 'keeper');
    const policy = document({ ...root, Principal: { AWS: keeper.arn } });
    const { KeyMetadata } = await admin.kms.send(new CreateKeyCommand({ Policy: policy, BypassPolicyLockoutSafetyCheck: true }));
    const user = aws.seed.role(account, 'user', {
      policies: { p: document({ Effect: 'Allow', Action: 'kms:*', Resource: '*' }) },
    });
    const describeAs = (role: { arn: string }) =>
      awsClients(aws, aws.seed.session(role)).kms.send(new DescribeKeyCommand({ KeyId: KeyMetadata?.Arn }));
    await expect(describeAs(user)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('because no resource-based policy allows') as string,
    });
    await expect(describeAs(keeper)).resolves.toBeDefined();
  });

  test('given a ciphertext, when the key is disabled or deleted, then it cannot be opened', async () => {
    const { arn } = aws.seed.key(account, { alias: 'alias/data' });
    const { CiphertextBlob } = await admin.kms.send(new EncryptCommand({ KeyId: 'alias/data', Plaintext: Buffer.from('hello') }));
    const open = async () =>
      Buffer.from((await admin.kms.send(new DecryptCommand({ CiphertextBlob }))).Plaintext ?? []).toString();
    await expect(open()).resolves.toBe('hello');
    await admin.kms.send(new DisableKeyCommand({ KeyId: arn }));
    await expect(open()).rejects.toMatchObject({ name: 'DisabledException' });
    await admin.kms.send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 }));
    await expect(open()).rejects.toMatchObject({ name: 'KMSInvalidStateException' });
    await admin.kms.send(new CancelKeyDeletionCommand({ KeyId: arn }));
    await admin.kms.send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 }));
    aws.clock.advance(7 * 86_400_000);
    await expect(admin.kms.send(new DescribeKeyCommand({ KeyId: arn }))).rejects.toMatchObject({ name: 'NotFoundException' });
  });

  test('given an alias, when it is made twice, then the second is refused', async () => {
    const { id } = aws.seed.key(account, { alias: 'alias/data' });
    await expect(admin.kms.send(new CreateAliasCommand({ AliasName: 'alias/data', TargetKeyId: id }))).rejects.toMatchObject({
      name: 'AlreadyExistsException',
    });
  });
});
