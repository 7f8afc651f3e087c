/** What STS answers: who calls, and who may become whom. */
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { answerOf, type ContractCase } from '../case.ts';

const service = 'STS';
const assuming = 'STS/latest/APIReference/API_AssumeRole';

/** Cases on sessions. */
export const sessionCases: readonly ContractCase[] = [
  {
    service,
    sentence:
      'A session says its account, the unique id of its role, and an ARN with the names of role and session, without the path.',
    aws: { account: true, arn: true, userId: true },
    guide: 'IAM/latest/UserGuide/reference_identifiers',
    given: async (lab) => {
      const role = await lab.role();
      const { sts } = await lab.session(role);
      return async () => {
        const { Account, Arn, UserId } = await sts.send(new GetCallerIdentityCommand({}));
        return {
          account: Account === lab.consumer.id,
          arn: Arn === `arn:aws:sts::${lab.consumer.id}:assumed-role/${role.name}/contract`,
          userId: UserId === `${role.id}:contract`,
        };
      };
    },
  },
  {
    service,
    sentence: 'Asking who one is needs no permission.',
    aws: 'OK',
    guide: 'STS/latest/APIReference/API_GetCallerIdentity',
    given: async (lab) => {
      const { sts } = await lab.session(await lab.role());
      return () => answerOf(sts.send(new GetCallerIdentityCommand({})));
    },
  },
  {
    service,
    sentence: 'A role that asks for an external id is assumed with that one only.',
    aws: { right: 'OK', wrong: 'AccessDenied', none: 'AccessDenied' },
    guide: 'IAM/latest/UserGuide/id_roles_common-scenarios_third-party',
    given: async (lab) => {
      const ExternalId = 'the-right-one';
      const trust = { Principal: { AWS: lab.owner.root }, Condition: { StringEquals: { 'sts:ExternalId': ExternalId } } };
      const role = await lab.role({ trust });
      const input = { RoleArn: role.arn, RoleSessionName: 'contract' };
      const assume = (more: object) => answerOf(lab.owner.sts.send(new AssumeRoleCommand({ ...input, ...more })));
      return async () => ({
        right: await assume({ ExternalId }),
        wrong: await assume({ ExternalId: 'another-one' }),
        none: await assume({}),
      });
    },
  },
  {
    service,
    sentence: 'A role that does not exist and one that does not trust the caller answer alike: AccessDenied.',
    aws: { unknown: 'AccessDenied', untrusting: 'AccessDenied' },
    guide: 'IAM/latest/UserGuide/troubleshoot_roles',
    given: async (lab) => {
      const role = await lab.role({ trust: { Principal: { Service: 'ec2.amazonaws.com' } } });
      const assume = (RoleArn: string) =>
        answerOf(lab.owner.sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'contract' })));
      const unknown = `arn:aws:iam::${lab.consumer.id}:role/${lab.name()}`;
      return async () => ({ unknown: await assume(unknown), untrusting: await assume(role.arn) });
    },
  },
  {
    service,
    sentence:
      'A session lasts at most as long as the role allows, one hour by default, and a longer one is refused as a ValidationError.',
    aws: { hour: 'OK', longer: 'ValidationError' },
    guide: assuming,
    given: async (lab) => {
      const role = await lab.role();
      const assume = (DurationSeconds: number) => {
        const input = { RoleArn: role.arn, RoleSessionName: 'contract', DurationSeconds };
        return answerOf(lab.consumer.sts.send(new AssumeRoleCommand(input)));
      };
      return async () => ({ hour: await assume(3600), longer: await assume(3601) });
    },
  },
];
