/** What KMS answers about keys and their policies. */
import {
  CreateAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  GetKeyPolicyCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { DeleteRoleCommand } from '@aws-sdk/client-iam';
import { acceptedOrRefused, answerOf, documentOf, documentOfLength, sameDocument, type ContractCase } from '../case.ts';
import { tagKey, type Lab } from '../lab.ts';

const service = 'KMS';
const keyPolicies = 'kms/latest/developerguide/key-policy-overview';
const lockOut = 'kms/latest/developerguide/key-policy-default';
const states = 'kms/latest/developerguide/key-state';

const managing = (lab: Lab): object => ({
  Sid: 'Managing',
  Effect: 'Allow',
  Principal: { AWS: lab.owner.root },
  Action: 'kms:*',
  Resource: '*',
});
const decrypting = (principal: string): object => ({
  Sid: 'Decrypting',
  Effect: 'Allow',
  Principal: { AWS: principal },
  Action: 'kms:Decrypt',
  Resource: '*',
});

// The only name that a key policy can have (KMS API, PutKeyPolicy).
const PolicyName = 'default';
const put = (lab: Lab, KeyId: string, Policy: string) =>
  lab.owner.kms.send(new PutKeyPolicyCommand({ KeyId, Policy, PolicyName }));
const read = async (lab: Lab, KeyId: string): Promise<string> =>
  (await lab.owner.kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName }))).Policy ?? '';
const stateOf = async (lab: Lab, KeyId: string): Promise<string> =>
  (await lab.owner.kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState ?? 'none';

/** A case in which a policy is put on a fresh key and the answer is what counts. */
const putting = (sentence: string, guide: string, policy: (lab: Lab) => string): ContractCase => ({
  service,
  sentence,
  aws: 'MalformedPolicyDocumentException',
  guide,
  given: async (lab) => {
    const { arn } = await lab.key();
    const text = policy(lab);
    return () => answerOf(put(lab, arn, text));
  },
});

const documents: readonly ContractCase[] = [
  {
    service,
    sentence: 'A key that is made without a policy lets its account decide: its policy allows the account everything.',
    aws: true,
    guide: lockOut,
    given: async (lab) => {
      const { arn } = await lab.key();
      return async () => {
        const { Statement } = JSON.parse(await read(lab, arn)) as { Statement: Record<string, unknown>[] };
        const [only] = Statement;
        const allowed = JSON.stringify([only?.['Effect'], only?.['Action'], only?.['Principal']]);
        return Statement.length === 1 && allowed === JSON.stringify(['Allow', 'kms:*', { AWS: lab.owner.root }]);
      };
    },
  },
  {
    service,
    sentence: 'A key policy that was put is read back with the same meaning.',
    aws: true,
    guide: 'kms/latest/APIReference/API_GetKeyPolicy',
    given: async (lab) => {
      const { arn } = await lab.key();
      const policy = documentOf(managing(lab), decrypting(lab.consumer.root));
      await put(lab, arn, policy);
      return async () => sameDocument(await read(lab, arn), policy);
    },
  },
  putting('A key policy that is no JSON is refused as MalformedPolicyDocument.', keyPolicies, () => '{"Version": '),
  putting('A key policy that names a role which does not exist is refused as MalformedPolicyDocument.', keyPolicies, (lab) =>
    documentOf(managing(lab), decrypting(`arn:aws:iam::${lab.consumer.id}:role/${lab.name()}`)),
  ),
  putting('A key policy that would lock its own writer out is refused as MalformedPolicyDocument.', lockOut, (lab) =>
    documentOf({ ...managing(lab), Principal: { AWS: lab.consumer.root } }),
  ),
  {
    service,
    sentence: 'A key policy may have 32 KB; one that is longer is refused as LimitExceeded.',
    aws: { within: 'OK', beyond: 'LimitExceededException' },
    guide: 'kms/latest/developerguide/resource-limits',
    given: async (lab) => {
      const { arn } = await lab.key();
      const make = (values: readonly string[]): string => {
        const Condition = { StringEquals: { 'aws:PrincipalTag/contract': values } };
        return documentOf(managing(lab), { ...decrypting(lab.consumer.root), Condition });
      };
      return async () => ({
        within: await answerOf(put(lab, arn, documentOfLength(32_768, 'x', make))),
        beyond: await answerOf(put(lab, arn, documentOfLength(32_769, 'x', make))),
      });
    },
  },
  {
    service,
    sentence: 'A role that is deleted shows as its unique id in the key policies that named it.',
    aws: { before: 'ARN', after: 'unique id' },
    guide: 'IAM/latest/UserGuide/reference_policies_elements_principal',
    given: async (lab) => {
      const { arn } = await lab.key();
      const role = await lab.role();
      await lab.patiently(() => put(lab, arn, documentOf(managing(lab), decrypting(role.arn))));
      const shown = async () => {
        const text = await read(lab, arn);
        return text.includes(role.arn) ? 'ARN' : text.includes(role.id) ? 'unique id' : text;
      };
      const before = await shown();
      await role.account.iam.send(new DeleteRoleCommand({ RoleName: role.name }));
      return async () => ({ before, after: await shown() });
    },
  },
];

const keys: readonly ContractCase[] = [
  {
    service,
    sentence: 'A key says its ARN, that a customer manages it, and whether it is enabled, disabled or about to be deleted.',
    aws: { arn: true, manager: 'CUSTOMER', states: ['Enabled', 'Disabled', 'PendingDeletion'] },
    guide: states,
    given: async (lab) => {
      const [enabled, disabled, dying] = [await lab.key(), await lab.key(), await lab.key()];
      await lab.patiently(() => lab.owner.kms.send(new DisableKeyCommand({ KeyId: disabled.id })));
      const ending = new ScheduleKeyDeletionCommand({ KeyId: dying.id, PendingWindowInDays: 7 });
      await lab.patiently(() => lab.owner.kms.send(ending));
      return async () => {
        const { KeyMetadata } = await lab.owner.kms.send(new DescribeKeyCommand({ KeyId: enabled.id }));
        const all = [enabled, disabled, dying];
        return {
          arn: KeyMetadata?.Arn === enabled.arn,
          manager: KeyMetadata?.KeyManager ?? null,
          states: await Promise.all(all.map(({ arn }) => stateOf(lab, arn))),
        };
      };
    },
  },
  {
    service,
    sentence: 'The policy of a key that is disabled or about to be deleted is read and written as ever.',
    aws: { disabled: 'OK', dying: 'OK' },
    guide: states,
    given: async (lab) => {
      const [disabled, dying] = [await lab.key(), await lab.key()];
      await lab.owner.kms.send(new DisableKeyCommand({ KeyId: disabled.id }));
      await lab.owner.kms.send(new ScheduleKeyDeletionCommand({ KeyId: dying.id, PendingWindowInDays: 7 }));
      const policy = documentOf(managing(lab), decrypting(lab.consumer.root));
      const both = async (arn: string) => {
        const written = await answerOf(put(lab, arn, policy));
        return written === 'OK' ? answerOf(read(lab, arn)) : written;
      };
      return async () => ({ disabled: await both(disabled.arn), dying: await both(dying.arn) });
    },
  },
  {
    service,
    sentence: 'A key that does not exist answers NotFound.',
    aws: 'NotFoundException',
    guide: 'kms/latest/APIReference/API_DescribeKey',
    given: async (lab) => {
      const KeyId = `arn:aws:kms:${lab.region}:${lab.owner.id}:key/00000000-0000-4000-8000-000000000000`;
      return () => answerOf(lab.owner.kms.send(new DescribeKeyCommand({ KeyId })));
    },
  },
  {
    service,
    sentence: 'An alias stands for its key: by name in its own account, by ARN anywhere.',
    aws: { byName: true, byArn: true },
    guide: 'kms/latest/APIReference/API_DescribeKey',
    given: async (lab) => {
      const key = await lab.key();
      const AliasName = `alias/${lab.name()}`;
      lab.willMake({ kind: 'alias', kms: lab.owner.kms, name: AliasName });
      await lab.owner.kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: key.id }));
      const means = async (KeyId: string): Promise<boolean> =>
        (await lab.owner.kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.Arn === key.arn;
      const aliasArn = `arn:aws:kms:${lab.region}:${lab.owner.id}:${AliasName}`;
      await lab.patiently(() => means(AliasName));
      return async () => ({ byName: await means(AliasName), byArn: await means(aliasArn) });
    },
  },
  {
    service,
    sentence: "Another account's key, whose policy says nothing of the caller, answers AccessDenied.",
    aws: 'AccessDeniedException',
    guide: 'kms/latest/developerguide/key-policy-modifying-external-accounts',
    given: async (lab) => {
      const { arn } = await lab.key();
      return () => answerOf(lab.consumer.kms.send(new DescribeKeyCommand({ KeyId: arn })));
    },
  },
  {
    service,
    sentence: 'A key policy is written in the account of the key only, whatever it allows to others.',
    aws: 'refused',
    guide: 'kms/latest/APIReference/API_PutKeyPolicy',
    given: async (lab) => {
      const { arn } = await lab.key();
      const policy = documentOf(managing(lab), { ...managing(lab), Sid: 'Others', Principal: { AWS: lab.consumer.root } });
      await put(lab, arn, policy);
      return () => acceptedOrRefused(lab.consumer.kms.send(new PutKeyPolicyCommand({ KeyId: arn, Policy: policy, PolicyName })));
    },
  },
  {
    service,
    sentence: 'The tags of a key are listed.',
    aws: true,
    guide: 'kms/latest/APIReference/API_ListResourceTags',
    given: async (lab) => {
      const { arn } = await lab.key();
      return async () => {
        const { Tags } = await lab.owner.kms.send(new ListResourceTagsCommand({ KeyId: arn }));
        return Tags?.some(({ TagKey, TagValue }) => TagKey === tagKey && TagValue === lab.tag.Value) ?? false;
      };
    },
  },
];

/** Cases on keys. */
export const keyCases: readonly ContractCase[] = [...documents, ...keys];
