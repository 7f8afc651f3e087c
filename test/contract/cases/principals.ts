/** What IAM answers about roles, users, what is attached to them, and the account's quotas. */
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteRoleCommand,
  DetachRolePolicyCommand,
  GetAccountSummaryCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { answerOf, documentOf, sameDocument, type ContractCase } from '../case.ts';
import { iamPath, policyArn, tagKey, type Lab } from '../lab.ts';

const service = 'IAM';
const quotas = 'IAM/latest/UserGuide/reference_iam-quotas';
const attaching = 'IAM/latest/APIReference/API_AttachRolePolicy';

const reading = documentOf({ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::example/*' });
const attach = (lab: Lab, RoleName: string, PolicyArn: string) =>
  lab.consumer.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
const detach = (lab: Lab, RoleName: string, PolicyArn: string) =>
  lab.consumer.iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));

const quotaOf = async (lab: Lab, name: string): Promise<number> => {
  const { SummaryMap } = await lab.consumer.iam.send(new GetAccountSummaryCommand({}));
  return (SummaryMap as Record<string, number> | undefined)?.[name] ?? 0;
};

const who: readonly ContractCase[] = [
  {
    service,
    sentence: 'A role or user that does not exist answers NoSuchEntity.',
    aws: { role: 'NoSuchEntityException', user: 'NoSuchEntityException' },
    guide: 'IAM/latest/APIReference/API_GetRole',
    given: (lab) => {
      const name = lab.name();
      return Promise.resolve(async () => ({
        role: await answerOf(lab.consumer.iam.send(new GetRoleCommand({ RoleName: name }))),
        user: await answerOf(lab.consumer.iam.send(new GetUserCommand({ UserName: name }))),
      }));
    },
  },
  {
    service,
    sentence: 'A role says its unique id, its tags, and an ARN that has its path.',
    aws: { id: true, arn: true, path: iamPath, tagged: true },
    guide: 'IAM/latest/UserGuide/reference_identifiers',
    given: async (lab) => {
      const { name, arn } = await lab.role();
      return async () => {
        const { Role } = await lab.consumer.iam.send(new GetRoleCommand({ RoleName: name }));
        return {
          id: /^AROA[A-Z0-9]+$/.test(Role?.RoleId ?? ''),
          arn: Role?.Arn === arn && arn === `arn:aws:iam::${lab.consumer.id}:role${iamPath}${name}`,
          path: Role?.Path ?? null,
          tagged: Role?.Tags?.some(({ Key, Value }) => Key === tagKey && Value === lab.tag.Value) ?? false,
        };
      };
    },
  },
  {
    service,
    sentence: 'A role that is deleted and made again has the same ARN and another unique id.',
    aws: { sameArn: true, sameId: false },
    guide: 'IAM/latest/UserGuide/reference_identifiers',
    given: async (lab) => {
      const first = await lab.role();
      await lab.consumer.iam.send(new DeleteRoleCommand({ RoleName: first.name }));
      const second = await lab.role({ name: first.name });
      return () => Promise.resolve({ sameArn: first.arn === second.arn, sameId: first.id === second.id });
    },
  },
  {
    service,
    sentence: 'A trust policy that names a role which does not exist is refused as MalformedPolicyDocument.',
    aws: 'MalformedPolicyDocumentException',
    guide: 'IAM/latest/UserGuide/reference_policies_elements_principal',
    given: (lab) => {
      const RoleName = lab.name();
      lab.willMake({ kind: 'role', iam: lab.consumer.iam, name: RoleName });
      const Principal = { AWS: `arn:aws:iam::${lab.owner.id}:role/${lab.name()}` };
      const AssumeRolePolicyDocument = documentOf({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' });
      const input = { RoleName, Path: iamPath, AssumeRolePolicyDocument, Tags: [lab.tag] };
      return Promise.resolve(() => answerOf(lab.consumer.iam.send(new CreateRoleCommand(input))));
    },
  },
];

const inline: ContractCase = {
  service,
  sentence: 'The inline policies of a role are listed by name and read back percent-encoded; another name answers NoSuchEntity.',
  aws: { names: ['contract'], encoded: true, same: true, other: 'NoSuchEntityException' },
  guide: 'IAM/latest/APIReference/API_GetRolePolicy',
  given: async (lab) => {
    const { iam } = lab.consumer;
    const { name: RoleName } = await lab.role();
    const PolicyName = 'contract';
    await lab.patiently(() => iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: reading })));
    return async () => {
      const { PolicyNames } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
      const text = (await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }))).PolicyDocument ?? '';
      return {
        names: PolicyNames ?? [],
        encoded: text.startsWith('%7B'),
        same: sameDocument(decodeURIComponent(text), reading),
        other: await answerOf(iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: 'another' }))),
      };
    };
  },
};

const attachments: readonly ContractCase[] = [
  {
    service,
    sentence: 'Attaching twice is as attaching once; detaching what is not attached answers NoSuchEntity.',
    aws: { once: 'OK', twice: 'OK', attached: 1, detachOther: 'NoSuchEntityException' },
    guide: attaching,
    given: async (lab) => {
      const { name } = await lab.role();
      const [policy, other] = [await lab.policy(lab.consumer, reading), await lab.policy(lab.consumer, reading)];
      return async () => {
        const once = await answerOf(attach(lab, name, policy));
        const twice = await answerOf(attach(lab, name, policy));
        const { AttachedPolicies } = await lab.consumer.iam.send(new ListAttachedRolePoliciesCommand({ RoleName: name }));
        const detachOther = await answerOf(detach(lab, name, other));
        return { once, twice, attached: AttachedPolicies?.length ?? 0, detachOther };
      };
    },
  },
  {
    service,
    sentence: 'A policy that does not exist can not be attached: NoSuchEntity.',
    aws: 'NoSuchEntityException',
    guide: attaching,
    given: async (lab) => {
      const { name } = await lab.role();
      const missing = policyArn(lab.consumer.id, lab.name());
      return () => answerOf(attach(lab, name, missing));
    },
  },
  {
    service,
    sentence: 'As many policies as the account summary says can be attached to a role; one more is refused as LimitExceeded.',
    aws: { within: 'OK', beyond: 'LimitExceededException' },
    guide: quotas,
    given: async (lab) => {
      const { name } = await lab.role();
      const quota = await quotaOf(lab, 'AttachedPoliciesPerRoleQuota');
      for (let made = 1; made < quota; made += 1) {
        const arn = await lab.policy(lab.consumer, reading);
        await lab.patiently(() => attach(lab, name, arn));
      }
      const [last, tooMany] = [await lab.policy(lab.consumer, reading), await lab.policy(lab.consumer, reading)];
      return async () => ({
        within: await answerOf(attach(lab, name, last)),
        beyond: await answerOf(attach(lab, name, tooMany)),
      });
    },
  },
  {
    service,
    sentence: 'The policies of a role are listed page by page.',
    aws: { found: 3, severalPages: true },
    guide: 'IAM/latest/APIReference/API_ListAttachedRolePolicies',
    given: async (lab) => {
      const { name } = await lab.role();
      for (let made = 0; made < 3; made += 1) {
        const arn = await lab.policy(lab.consumer, reading);
        await lab.patiently(() => attach(lab, name, arn));
      }
      return () => attachedPages(lab, name);
    },
  },
  {
    service,
    sentence: "A user's policies are attached and listed as a role's are.",
    aws: { user: true, attached: 1 },
    guide: 'IAM/latest/APIReference/API_AttachUserPolicy',
    given: async (lab) => {
      const UserName = lab.name();
      lab.willMake({ kind: 'user', iam: lab.consumer.iam, name: UserName });
      await lab.consumer.iam.send(new CreateUserCommand({ UserName, Path: iamPath, Tags: [lab.tag] }));
      const PolicyArn = await lab.policy(lab.consumer, reading);
      await lab.patiently(() => lab.consumer.iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn })));
      return async () => {
        const { User } = await lab.consumer.iam.send(new GetUserCommand({ UserName }));
        const { AttachedPolicies } = await lab.consumer.iam.send(new ListAttachedUserPoliciesCommand({ UserName }));
        return { user: /^AIDA[A-Z0-9]+$/.test(User?.UserId ?? ''), attached: AttachedPolicies?.length ?? 0 };
      };
    },
  },
  {
    service,
    sentence:
      'The account summary tells the size of a policy, the versions it may have, and that roles may have ten or more policies.',
    aws: { size: 6144, versions: 5, attached: true },
    guide: 'IAM/latest/APIReference/API_GetAccountSummary',
    given: (lab) =>
      Promise.resolve(async () => ({
        size: await quotaOf(lab, 'PolicySizeQuota'),
        versions: await quotaOf(lab, 'VersionsPerPolicyQuota'),
        attached: (await quotaOf(lab, 'AttachedPoliciesPerRoleQuota')) >= 10,
      })),
  },
];

async function attachedPages(lab: Lab, RoleName: string): Promise<{ found: number; severalPages: boolean }> {
  let found = 0;
  let pages = 0;
  let Marker: string | undefined;
  do {
    const input = { RoleName, MaxItems: 2, ...(Marker === undefined ? {} : { Marker }) };
    const page = await lab.consumer.iam.send(new ListAttachedRolePoliciesCommand(input));
    found += page.AttachedPolicies?.length ?? 0;
    Marker = page.IsTruncated ? page.Marker : undefined;
    pages += 1;
  } while (Marker !== undefined);
  return { found, severalPages: pages > 1 };
}

/** Cases on roles and users. */
export const principalCases: readonly ContractCase[] = [...who, inline, ...attachments];
