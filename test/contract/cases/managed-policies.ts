/** What IAM answers about managed policies and their versions. Attaching them is in principals.ts. */
import {
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  ListAttachedRolePoliciesCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
} from '@aws-sdk/client-iam';
import { answerOf, documentOf, documentOfLength, sameDocument, type ContractCase } from '../case.ts';
import { iamPath, policyArn, tagKey, type Lab } from '../lab.ts';

const service = 'IAM';
const quotas = 'IAM/latest/UserGuide/reference_iam-quotas';
const versioning = 'IAM/latest/UserGuide/access_policies_managed-versioning';
const grammar = 'IAM/latest/UserGuide/reference_policies_grammar';

const reading = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::example/*' };
const create = (lab: Lab, PolicyDocument: string, PolicyName = lab.name()) => {
  lab.willMake({ kind: 'policy', iam: lab.consumer.iam, name: policyArn(lab.consumer.id, PolicyName) });
  return lab.consumer.iam.send(new CreatePolicyCommand({ PolicyName, Path: iamPath, PolicyDocument, Tags: [lab.tag] }));
};
const addVersion = (lab: Lab, PolicyArn: string, PolicyDocument: string, SetAsDefault = true) =>
  lab.consumer.iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument, SetAsDefault }));
const removeVersion = (lab: Lab, PolicyArn: string, VersionId: string) =>
  lab.consumer.iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));

/** A case in which a policy is made of a document and the answer is what counts. */
const making = (sentence: string, document: string): ContractCase => ({
  service,
  sentence,
  aws: 'MalformedPolicyDocumentException',
  guide: grammar,
  given: (lab) => Promise.resolve(() => answerOf(create(lab, document))),
});

async function fiveVersions(lab: Lab): Promise<string> {
  const arn = await lab.policy(lab.consumer, documentOf(reading));
  for (let made = 1; made < 5; made += 1) await lab.patiently(() => addVersion(lab, arn, documentOf(reading)));
  return arn;
}

const documents: readonly ContractCase[] = [
  making('A managed policy that is no JSON is refused as MalformedPolicyDocument.', '{"Version": '),
  making('A managed policy with a principal is refused as MalformedPolicyDocument.', documentOf({ ...reading, Principal: '*' })),
  making(
    'A managed policy without a resource is refused as MalformedPolicyDocument.',
    documentOf({ ...reading, Resource: undefined }),
  ),
  making(
    'A managed policy with two statements of one Sid is refused as MalformedPolicyDocument.',
    documentOf({ ...reading, Sid: 'Same' }, { ...reading, Sid: 'Same' }),
  ),
  {
    service,
    sentence:
      'A managed policy may have 6,144 characters; white space is not counted, one more character is refused as LimitExceeded.',
    aws: { within: 'OK', spaced: 'OK', beyond: 'LimitExceededException' },
    guide: quotas,
    given: (lab) => {
      const make = (Resource: readonly string[]): string => documentOf({ ...reading, Resource });
      const within = documentOfLength(6_144, 'arn:aws:s3:::example/', make);
      const beyond = documentOfLength(6_145, 'arn:aws:s3:::example/', make);
      return Promise.resolve(async () => ({
        within: await answerOf(create(lab, within)),
        spaced: await answerOf(create(lab, within.replaceAll(',', ' ,\n  '))),
        beyond: await answerOf(create(lab, beyond)),
      }));
    },
  },
  {
    service,
    sentence: 'A managed policy is read back with the same meaning, percent-encoded.',
    aws: { encoded: true, same: true },
    guide: 'IAM/latest/APIReference/API_GetPolicyVersion',
    given: async (lab) => {
      const document = documentOf(reading);
      const PolicyArn = await lab.policy(lab.consumer, document);
      return async () => {
        const { PolicyVersion } = await lab.consumer.iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v1' }));
        const text = PolicyVersion?.Document ?? '';
        return { encoded: text.startsWith('%7B'), same: sameDocument(decodeURIComponent(text), document) };
      };
    },
  },
];

const versions: readonly ContractCase[] = [
  {
    service,
    sentence: 'A managed policy has at most five versions: the sixth is refused as LimitExceeded until an old one is deleted.',
    aws: { sixth: 'LimitExceededException', deleted: 'OK', again: 'OK' },
    guide: versioning,
    given: async (lab) => {
      const full = await fiveVersions(lab);
      const roomy = await fiveVersions(lab);
      const deleted = await answerOf(removeVersion(lab, roomy, 'v1'));
      const again = await answerOf(addVersion(lab, roomy, documentOf(reading)));
      return async () => ({ sixth: await answerOf(addVersion(lab, full, documentOf(reading))), deleted, again });
    },
  },
  {
    service,
    sentence: 'Numbers of versions are not used again.',
    aws: ['v1', 'v3'],
    guide: versioning,
    given: async (lab) => {
      const PolicyArn = await lab.policy(lab.consumer, documentOf(reading));
      await lab.patiently(() => addVersion(lab, PolicyArn, documentOf(reading), false));
      await lab.patiently(() => removeVersion(lab, PolicyArn, 'v2'));
      await lab.patiently(() => addVersion(lab, PolicyArn, documentOf(reading), false));
      return async () => {
        const { Versions } = await lab.consumer.iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
        return (Versions ?? []).map(({ VersionId }) => VersionId ?? '').sort();
      };
    },
  },
  {
    service,
    sentence: 'A new version counts when it is made the default, and only then.',
    aws: { asked: 'v2', notAsked: 'v1' },
    guide: 'IAM/latest/APIReference/API_CreatePolicyVersion',
    given: async (lab) => {
      const [asked, notAsked] = [
        await lab.policy(lab.consumer, documentOf(reading)),
        await lab.policy(lab.consumer, documentOf(reading)),
      ];
      await lab.patiently(() => addVersion(lab, asked, documentOf(reading), true));
      await lab.patiently(() => addVersion(lab, notAsked, documentOf(reading), false));
      const defaultOf = async (PolicyArn: string): Promise<string | null> =>
        (await lab.consumer.iam.send(new GetPolicyCommand({ PolicyArn }))).Policy?.DefaultVersionId ?? null;
      return async () => ({ asked: await defaultOf(asked), notAsked: await defaultOf(notAsked) });
    },
  },
  {
    service,
    sentence: 'The default version can not be deleted: DeleteConflict.',
    aws: 'DeleteConflictException',
    guide: 'IAM/latest/APIReference/API_DeletePolicyVersion',
    given: async (lab) => {
      const PolicyArn = await lab.policy(lab.consumer, documentOf(reading));
      return () => answerOf(removeVersion(lab, PolicyArn, 'v1'));
    },
  },
];

const lives: readonly ContractCase[] = [
  {
    service,
    sentence: 'A policy with further versions, or attached to a role, can not be deleted: DeleteConflict.',
    aws: { versions: 'DeleteConflictException', attached: 'DeleteConflictException' },
    guide: 'IAM/latest/APIReference/API_DeletePolicy',
    given: async (lab) => {
      const versioned = await lab.policy(lab.consumer, documentOf(reading));
      await lab.patiently(() => addVersion(lab, versioned, documentOf(reading)));
      const role = await lab.role({ allow: [reading] });
      const remove = (PolicyArn: string) => answerOf(lab.consumer.iam.send(new DeletePolicyCommand({ PolicyArn })));
      return async () => ({ versions: await remove(versioned), attached: await remove(await attachedTo(lab, role.name)) });
    },
  },
  {
    service,
    sentence: 'A policy that does not exist answers NoSuchEntity.',
    aws: { get: 'NoSuchEntityException', deleted: 'NoSuchEntityException' },
    guide: 'IAM/latest/APIReference/API_GetPolicy',
    given: (lab) => {
      const PolicyArn = policyArn(lab.consumer.id, lab.name());
      return Promise.resolve(async () => ({
        get: await answerOf(lab.consumer.iam.send(new GetPolicyCommand({ PolicyArn }))),
        deleted: await answerOf(lab.consumer.iam.send(new DeletePolicyCommand({ PolicyArn }))),
      }));
    },
  },
  {
    service,
    sentence:
      'The ARN of a policy has its path; its name is taken for every path and in every case of letters: EntityAlreadyExists.',
    aws: { arn: true, elsewhere: 'EntityAlreadyExistsException', upperCase: 'EntityAlreadyExistsException' },
    guide: quotas,
    given: async (lab) => {
      const name = lab.name();
      const made = await create(lab, documentOf(reading), name);
      const again = (PolicyName: string, Path: string) => {
        lab.willMake({ kind: 'policy', iam: lab.consumer.iam, name: policyArn(lab.consumer.id, PolicyName, Path) });
        const input = { PolicyName, Path, PolicyDocument: documentOf(reading), Tags: [lab.tag] };
        return answerOf(lab.consumer.iam.send(new CreatePolicyCommand(input)));
      };
      return async () => ({
        arn: made.Policy?.Arn === policyArn(lab.consumer.id, name),
        elsewhere: await again(name, `${iamPath}elsewhere/`),
        upperCase: await again(name.toUpperCase(), iamPath),
      });
    },
  },
  {
    service,
    sentence: 'Policies are listed by the prefix of their path, page by page.',
    aws: { under: 2, elsewhere: 0, severalPages: true },
    guide: 'IAM/latest/APIReference/API_ListPolicies',
    given: async (lab) => {
      const Path = `${iamPath}${lab.name()}/`;
      const names = [lab.name(), lab.name()];
      for (const name of names) {
        lab.willMake({ kind: 'policy', iam: lab.consumer.iam, name: policyArn(lab.consumer.id, name, Path) });
        const input = { PolicyName: name, Path, PolicyDocument: documentOf(reading), Tags: [lab.tag] };
        await lab.consumer.iam.send(new CreatePolicyCommand(input));
      }
      await lab.policy(lab.consumer, documentOf(reading));
      return () => listed(lab, Path, names);
    },
  },
  {
    service,
    sentence: 'The tags of a policy are told with it, but not in lists.',
    aws: { read: true, listed: false },
    guide: 'IAM/latest/APIReference/API_ListPolicies',
    given: async (lab) => {
      const PolicyArn = await lab.policy(lab.consumer, documentOf(reading));
      return async () => {
        const { Policy } = await lab.consumer.iam.send(new GetPolicyCommand({ PolicyArn }));
        const input = { Scope: 'Local' as const, PathPrefix: iamPath, MaxItems: 1000 };
        const { Policies } = await lab.consumer.iam.send(new ListPoliciesCommand(input));
        const inList = Policies?.find(({ Arn }) => Arn === PolicyArn);
        const isOurs = (tag: { Key?: string | undefined }): boolean => tag.Key === tagKey;
        return { read: Policy?.Tags?.some(isOurs) ?? false, listed: inList?.Tags?.some(isOurs) ?? false };
      };
    },
  },
];

async function attachedTo(lab: Lab, RoleName: string): Promise<string> {
  const { AttachedPolicies } = await lab.consumer.iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  return AttachedPolicies?.[0]?.PolicyArn ?? '';
}

async function listed(lab: Lab, PathPrefix: string, names: readonly string[]) {
  const found: string[] = [];
  let pages = 0;
  let Marker: string | undefined;
  do {
    const input = { Scope: 'Local' as const, PathPrefix, MaxItems: 1, ...(Marker === undefined ? {} : { Marker }) };
    const page = await lab.consumer.iam.send(new ListPoliciesCommand(input));
    found.push(...(page.Policies ?? []).map(({ PolicyName }) => PolicyName ?? ''));
    Marker = page.IsTruncated ? page.Marker : undefined;
    pages += 1;
  } while (Marker !== undefined);
  const under = found.filter((name) => names.includes(name)).length;
  return { under, elsewhere: found.length - under, severalPages: pages > 1 };
}

/** Cases on managed policies. */
export const managedPolicyCases: readonly ContractCase[] = [...documents, ...versions, ...lives];
