/** What S3 Control answers about access points and their policies. Reading data through them is in data-access.ts. */
import {
  CreateAccessPointCommand,
  DeleteAccessPointCommand,
  DeleteAccessPointPolicyCommand,
  GetAccessPointCommand,
  GetAccessPointPolicyCommand,
  ListAccessPointsCommand,
  PutAccessPointPolicyCommand,
} from '@aws-sdk/client-s3-control';
import { acceptedOrRefused, answerOf, documentOf, documentOfLength, sameDocument, type ContractCase } from '../case.ts';
import type { Lab, LabPoint } from '../lab.ts';

const service = 'S3 Control';
const errors = 'AmazonS3/latest/API/ErrorResponses';
const creating = 'AmazonS3/latest/API/API_control_CreateAccessPoint';
const policies = 'AmazonS3/latest/userguide/access-points-policies';

const named = (lab: Lab, Name: string): { AccountId: string; Name: string } => ({ AccountId: lab.owner.id, Name });
const get = (lab: Lab, name: string) => lab.owner.s3control.send(new GetAccessPointCommand(named(lab, name)));
const getPolicy = (lab: Lab, name: string) => lab.owner.s3control.send(new GetAccessPointPolicyCommand(named(lab, name)));
const putPolicy = (lab: Lab, name: string, Policy: string) =>
  lab.owner.s3control.send(new PutAccessPointPolicyCommand({ ...named(lab, name), Policy }));

const reading = (lab: Lab, point: LabPoint): object => ({
  Sid: 'Reading',
  Effect: 'Allow',
  Principal: { AWS: lab.consumer.root },
  Action: 's3:GetObject',
  Resource: `${point.arn}/object/*`,
});

/** A case in which a policy is put on a fresh access point and the answer is what counts. */
const putting = (sentence: string, aws: string, policy: (lab: Lab, point: LabPoint) => string): ContractCase => ({
  service,
  sentence,
  aws,
  guide: policies,
  given: async (lab) => {
    const point = await lab.point(await lab.bucket());
    const text = policy(lab, point);
    return () => answerOf(putPolicy(lab, point.name, text));
  },
});

const points: readonly ContractCase[] = [
  {
    service,
    sentence: 'An access point that does not exist answers NoSuchAccessPoint, also when it is to be deleted.',
    aws: { get: 'NoSuchAccessPoint', policy: 'NoSuchAccessPoint', deleted: 'NoSuchAccessPoint' },
    guide: errors,
    given: async (lab) => {
      const name = lab.name();
      return async () => ({
        get: await answerOf(get(lab, name)),
        policy: await answerOf(getPolicy(lab, name)),
        deleted: await answerOf(lab.owner.s3control.send(new DeleteAccessPointCommand(named(lab, name)))),
      });
    },
  },
  {
    service,
    sentence:
      'A new access point says its bucket, its alias, its ARN, that it is open to the internet, and blocks public access.',
    aws: { bucket: true, owner: true, alias: true, arn: true, origin: 'Internet', block: [true, true, true, true] },
    guide: 'AmazonS3/latest/API/API_control_GetAccessPoint',
    given: async (lab) => {
      const bucket = await lab.bucket();
      const point = await lab.point(bucket);
      const arn = `arn:aws:s3:${lab.region}:${lab.owner.id}:accesspoint/${point.name}`;
      return async () => {
        const found = await get(lab, point.name);
        const block = found.PublicAccessBlockConfiguration;
        return {
          bucket: found.Bucket === bucket,
          owner: found.BucketAccountId === lab.owner.id,
          alias: found.Alias === point.alias && /-s3alias$/.test(point.alias),
          arn: found.AccessPointArn === arn && point.arn === arn,
          origin: found.NetworkOrigin ?? null,
          block: [block?.BlockPublicAcls, block?.IgnorePublicAcls, block?.BlockPublicPolicy, block?.RestrictPublicBuckets].map(
            (on) => on ?? null,
          ),
        };
      };
    },
  },
  {
    service,
    sentence: 'A second access point of one name is refused as AccessPointAlreadyOwnedByYou, and the first one stays as it is.',
    aws: { second: 'AccessPointAlreadyOwnedByYou', sameBucket: true, sameAlias: true },
    guide: errors,
    given: async (lab) => {
      const [first, other] = [await lab.bucket(), await lab.bucket()];
      const point = await lab.point(first);
      const input = { ...named(lab, point.name), Bucket: other, Tags: [lab.tag] };
      return async () => {
        const second = await answerOf(lab.owner.s3control.send(new CreateAccessPointCommand(input)));
        const { Bucket, Alias } = await get(lab, point.name);
        return { second, sameBucket: Bucket === first, sameAlias: Alias === point.alias };
      };
    },
  },
  {
    service,
    sentence: 'Access points are created and listed only for buckets that exist: InvalidRequest.',
    aws: { created: 'InvalidRequest', listed: 'InvalidRequest' },
    guide: errors,
    given: async (lab) => {
      const Name = lab.name();
      lab.willMake({ kind: 'access point', s3control: lab.owner.s3control, accountId: lab.owner.id, name: Name });
      const input = { ...named(lab, Name), Bucket: lab.name() };
      return async () => ({
        created: await answerOf(lab.owner.s3control.send(new CreateAccessPointCommand({ ...input, Tags: [lab.tag] }))),
        listed: await answerOf(lab.owner.s3control.send(new ListAccessPointsCommand(input))),
      });
    },
  },
  {
    service,
    sentence: "Another account's bucket gets no access point without naming that account.",
    aws: 'refused',
    guide: creating,
    given: async (lab) => {
      const Bucket = await lab.bucket();
      const { s3control, id: AccountId } = lab.consumer;
      const Name = lab.name();
      lab.willMake({ kind: 'access point', s3control, accountId: AccountId, name: Name });
      return () => acceptedOrRefused(s3control.send(new CreateAccessPointCommand({ AccountId, Name, Bucket, Tags: [lab.tag] })));
    },
  },
  {
    service,
    sentence: 'The access points of a bucket are listed page by page, and those of other buckets are not among them.',
    aws: { found: 2, severalPages: true, others: 0 },
    guide: 'AmazonS3/latest/API/API_control_ListAccessPoints',
    given: async (lab) => {
      const [Bucket, other] = [await lab.bucket(), await lab.bucket()];
      const mine = [await lab.point(Bucket), await lab.point(Bucket)].map(({ name }) => name);
      await lab.point(other);
      return async () => {
        const names: string[] = [];
        let pages = 0;
        let NextToken: string | undefined;
        do {
          const input = { AccountId: lab.owner.id, Bucket, MaxResults: 1, ...(NextToken === undefined ? {} : { NextToken }) };
          const page = await lab.owner.s3control.send(new ListAccessPointsCommand(input));
          names.push(...(page.AccessPointList ?? []).map(({ Name }) => Name ?? ''));
          NextToken = page.NextToken;
          pages += 1;
        } while (NextToken !== undefined);
        const found = names.filter((name) => mine.includes(name)).length;
        return { found, severalPages: pages > 1, others: names.length - found };
      };
    },
  },
  {
    service,
    sentence: "Another account's access point is not for reading: AccessDenied.",
    aws: 'AccessDenied',
    guide: 'AmazonS3/latest/API/API_control_GetAccessPoint',
    given: async (lab) => {
      const { name } = await lab.point(await lab.bucket());
      return () => answerOf(lab.consumer.s3control.send(new GetAccessPointCommand(named(lab, name))));
    },
  },
];

const documents: readonly ContractCase[] = [
  {
    service,
    sentence: 'An access point without a policy answers NoSuchAccessPointPolicy, before the first one and after it is deleted.',
    aws: { before: 'NoSuchAccessPointPolicy', after: 'NoSuchAccessPointPolicy', deletedAgain: 'OK' },
    guide: 'AmazonS3/latest/API/API_control_GetAccessPointPolicy',
    given: async (lab) => {
      const bucket = await lab.bucket();
      const [fresh, emptied] = [await lab.point(bucket), await lab.point(bucket)];
      await lab.patiently(() => putPolicy(lab, emptied.name, documentOf(reading(lab, emptied))));
      const remove = () => lab.owner.s3control.send(new DeleteAccessPointPolicyCommand(named(lab, emptied.name)));
      await remove();
      return async () => ({
        before: await answerOf(getPolicy(lab, fresh.name)),
        after: await answerOf(getPolicy(lab, emptied.name)),
        deletedAgain: await answerOf(remove()),
      });
    },
  },
  {
    service,
    sentence: 'An access point policy that was put is read back with the same meaning.',
    aws: true,
    guide: 'AmazonS3/latest/API/API_control_GetAccessPointPolicy',
    given: async (lab) => {
      const point = await lab.point(await lab.bucket());
      const policy = documentOf(reading(lab, point));
      await lab.patiently(() => putPolicy(lab, point.name, policy));
      return async () => sameDocument((await getPolicy(lab, point.name)).Policy, policy);
    },
  },
  putting('An access point policy that is no JSON is refused as MalformedPolicy.', 'MalformedPolicy', () => '{"Version": '),
  putting(
    'An access point policy that names a role which does not exist is refused as MalformedPolicy.',
    'MalformedPolicy',
    (lab, point) =>
      documentOf({ ...reading(lab, point), Principal: { AWS: `arn:aws:iam::${lab.consumer.id}:role/${lab.name()}` } }),
  ),
  putting('An access point policy about another access point is refused as MalformedPolicy.', 'MalformedPolicy', (lab, point) =>
    documentOf({ ...reading(lab, point), Resource: `${point.arn}-other/object/*` }),
  ),
  putting(
    'An access point policy for everybody is refused as AccessDenied while the access point blocks public policies.',
    'AccessDenied',
    (lab, point) => documentOf({ ...reading(lab, point), Principal: '*' }),
  ),
  {
    service,
    sentence: 'An access point policy may have 20 KB, and not more.',
    aws: { within: 'OK', beyond: 'refused' },
    guide: 'AmazonS3/latest/userguide/access-points-restrictions-limitations-naming-rules',
    given: async (lab) => {
      const point = await lab.point(await lab.bucket());
      const start = `${point.arn}/object/`;
      const make = (Resource: readonly string[]): string => documentOf({ ...reading(lab, point), Resource });
      return async () => ({
        within: await acceptedOrRefused(putPolicy(lab, point.name, documentOfLength(20_480, start, make))),
        beyond: await acceptedOrRefused(putPolicy(lab, point.name, documentOfLength(20_481, start, make))),
      });
    },
  },
];

/** Cases on access points. */
export const accessPointCases: readonly ContractCase[] = [...points, ...documents];
