/** What a share asks of AWS, what people are told about that beforehand, and what things are called. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ResolvedShare } from '../../../src/api/index.ts';
import { parseArn, partitionOf, principalName, shortPrincipal } from '../../../src/shares/arn.ts';
import { grantsOf } from '../../../src/shares/grants.ts';
import { installationFromUid, receivedShareName, shareItemName } from '../../../src/shares/names.ts';
import { actionSets, intersectPermissions, unitePermissions, type Permission } from '../../../src/shares/permissions.ts';
import { ownerPlan, requesterPlan } from '../../../src/shares/plan.ts';
import { analystsArn, anEntry, bucketName, keyArn, producerAccount } from '../../support/builders.ts';

const all: readonly Permission[] = ['Read', 'Write', 'Modify'];
const targetsOf = (patch: Partial<ResolvedShare>): string[] => grantsOf(anEntry(patch)).map(({ target }) => target);

function statementsOf(patch: Partial<ResolvedShare>, target: string) {
  return grantsOf(anEntry(patch)).flatMap((grant) =>
    grant.target !== target ? [] : grant.target === 'SharePolicy' ? grant.statements : grant.templates,
  );
}

describe('the documents of a share', () => {
  test.each<[Partial<ResolvedShare>, readonly string[]]>([
    [{}, ['BucketPolicy', 'SharePolicy']],
    [{ kmsKeyArn: keyArn }, ['BucketPolicy', 'KeyPolicy', 'SharePolicy']],
    [{ kmsKeyArn: keyArn, policyManagement: 'Detached' }, ['BucketPolicy', 'KeyPolicy', 'SharePolicy']],
    [{ kmsKeyArn: keyArn, policyManagement: 'External' }, ['BucketPolicy', 'KeyPolicy']],
  ])('%j: %j, the owner’s side first', (patch, expected) => {
    expect(targetsOf(patch)).toEqual(expected);
  });
});

function actionsOf(permission: Permission): string[] {
  const { object, bucket, keyUse, keyDescribe } = actionSets[permission];
  return [...object, ...bucket, ...keyUse, ...keyDescribe];
}

describe('permission sets', () => {
  test('are independent: no action is in two of them, and none has a wildcard over a service', () => {
    const actions = all.flatMap((each) => actionsOf(each));
    expect(new Set(actions).size).toBe(actions.length);
    expect(actions.filter((action) => /:\*$/.test(action))).toEqual([]);
  });

  test('Read reads and never writes; only Write writes objects; only Modify deletes', () => {
    const having = (action: string) => all.filter((each) => actionSets[each].object.includes(action));
    expect(having('s3:GetObject')).toEqual(['Read']);
    expect(having('s3:PutObject')).toEqual(['Write']);
    expect(having('s3:DeleteObject')).toEqual(['Modify']);
    const writes = actionsOf('Read').filter((action) => /:(Put|Delete|Abort|Encrypt|Generate|ReEncrypt)/.test(action));
    expect(writes).toEqual([]);
  });

  test('intersect and unite as sets do, in one order', () => {
    const sets = fc.array(fc.subarray([...all]), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(sets, (lists) => {
        expect(intersectPermissions(...lists)).toEqual(all.filter((each) => lists.every((list) => list.includes(each))));
        expect(unitePermissions(...lists)).toEqual(all.filter((each) => lists.flat().includes(each)));
      }),
    );
    expect(intersectPermissions()).toEqual([]);
  });
});

describe('statements', () => {
  test('name the bucket and its objects in the right partition, nothing else', () => {
    expect(statementsOf({}, 'BucketPolicy')).toMatchObject([
      { name: 'Read', resources: [`arn:aws:s3:::${bucketName}`, `arn:aws:s3:::${bucketName}/*`] },
    ]);
    expect(statementsOf({ partition: 'aws-cn', permissions: ['Modify'] }, 'BucketPolicy')).toMatchObject([
      { name: 'Modify', resources: [`arn:aws-cn:s3:::${bucketName}/*`] },
    ]);
  });

  test('of the principal’s own policy hold only in the account that the data is in, so that a bucket made again by others isn’t trusted', () => {
    for (const permissions of [['Read'], all] as const)
      for (const { condition } of statementsOf({ permissions, kmsKeyArn: keyArn }, 'SharePolicy'))
        expect(condition?.['StringEquals']?.['aws:ResourceAccount']).toEqual([producerAccount]);
  });

  test('use a key only through S3 in the bucket’s region, and describe it without that', () => {
    const cn = { partition: 'aws-cn', environment: { name: 'sales', accountId: producerAccount, region: 'cn-north-1' } } as const;
    for (const [patch, service] of [
      [{}, 's3.eu-west-1.amazonaws.com'],
      [cn, 's3.cn-north-1.amazonaws.com.cn'],
    ] as const) {
      const statements = [
        ...statementsOf({ ...patch, kmsKeyArn: keyArn, permissions: all }, 'KeyPolicy'),
        ...statementsOf({ ...patch, kmsKeyArn: keyArn, permissions: all }, 'SharePolicy'),
      ];
      for (const { actions, condition } of statements.filter(({ actions: each }) =>
        each.every((action) => action.startsWith('kms:')),
      )) {
        const via = condition?.['StringEquals']?.['kms:ViaService'];
        expect(via).toEqual(actions.includes('kms:DescribeKey') ? undefined : [service]);
      }
    }
  });

  test('of a key say for its own account when the key is in another one', () => {
    const elsewhere = keyArn.replace(producerAccount, '777788889999');
    const accounts = statementsOf({ kmsKeyArn: elsewhere }, 'SharePolicy')
      .filter(({ actions }) => actions.some((action) => action.startsWith('kms:')))
      .map(({ condition }) => condition?.['StringEquals']?.['aws:ResourceAccount']);
    expect(accounts).toEqual([['777788889999'], ['777788889999']]);
  });

  test('have names that fit a Sid and tell them apart', () => {
    for (const target of ['BucketPolicy', 'KeyPolicy']) {
      const names = grantsOf(anEntry({ kmsKeyArn: keyArn, permissions: [...all] })).flatMap((grant) =>
        grant.target === target && grant.target !== 'SharePolicy' ? grant.templates.map(({ name }) => name) : [],
      );
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name).toMatch(/^[A-Za-z0-9]+$/);
    }
  });
});

const entries = fc.record({
  policyManagement: fc.constantFrom('Managed' as const, 'Detached' as const, 'External' as const),
  permissions: fc.constantFrom<Permission[]>(['Read'], ['Read', 'Write'], [...all]),
  kmsKeyArn: fc.constantFrom(keyArn, keyArn.replace(producerAccount, '777788889999')),
});

describe('a plan', () => {
  test('for the requester never names the owner’s accounts, keys or documents', () => {
    fc.assert(
      fc.property(fc.array(entries, { maxLength: 5 }), (patches) => {
        const text = requesterPlan(patches.map((patch) => anEntry(patch))).join('\n');
        expect(text).not.toMatch(/arn:aws[a-z-]*:(s3|kms)|111122223333|777788889999|bucket policy|key policy|1234abcd/);
      }),
    );
  });

  test('for the owner names every document with the principal and what it may do', () => {
    const lines = ownerPlan([anEntry({ kmsKeyArn: keyArn, permissions: ['Read', 'Write'] })]);
    expect(lines.filter((line) => line.startsWith(`bucket policy of ${bucketName}: allow ${analystsArn}`))).toHaveLength(2);
    expect(lines.some((line) => line.startsWith(`key policy of ${keyArn}: allow ${analystsArn} kms:Decrypt through S3`))).toBe(
      true,
    );
    expect(lines.some((line) => line.startsWith(`share policy of ${analystsArn}`))).toBe(true);
  });

  test.each([
    ['Managed', 'attached to'],
    ['Detached', 'you attach it'],
    ['External', 'nothing is written'],
  ] as const)('says of %s that "%s"', (policyManagement, words) => {
    expect(requesterPlan([anEntry({ policyManagement })]).join()).toContain(words);
  });

  test('fits a status, however much is asked for', () => {
    const long = `arn:aws:iam::444455556666:role/${'p'.repeat(500)}/r`;
    const many = Array.from({ length: 100 }, () =>
      anEntry({ kmsKeyArn: keyArn, permissions: [...all], principal: { arn: long, uniqueId: 'AROAX' } }),
    );
    for (const plan of [ownerPlan(many), requesterPlan([...many, ...many, ...many])]) {
      expect(plan).toHaveLength(200);
      expect(plan.every((line) => line.length <= 256)).toBe(true);
      expect(plan.at(-1)).toMatch(/^… and \d+ more$/);
    }
  });
});

describe('names', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'B', '-', '.', '0', 'é', '_'), minLength: 1, maxLength: 70 });
  const identity = fc.record({
    namespace: name,
    request: name,
    requestUid: name,
    type: fc.constantFrom('Bucket', 'Folder'),
    name,
  });
  const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

  test('of items and received shares are DNS labels of at most 63 characters', () => {
    fc.assert(
      fc.property(identity, (id) => {
        for (const made of [shareItemName(id), receivedShareName({ namespace: id.namespace, name: id.request })]) {
          expect(made).toMatch(label);
          expect(made.length).toBeLessThanOrEqual(63);
        }
      }),
    );
  });

  test('differ where anything of the identity does, also where the readable part looks the same', () => {
    fc.assert(
      fc.property(identity, identity, (left, right) => {
        const same =
          left.namespace === right.namespace &&
          left.requestUid === right.requestUid &&
          left.type === right.type &&
          left.name === right.name &&
          left.request === right.request;
        expect(shareItemName(left) === shareItemName(right)).toBe(same);
      }),
    );
    const base = { namespace: 'ns', request: 'r', requestUid: 'u', type: 'Bucket', name: 'a-b' };
    const alike = [
      base,
      { ...base, name: 'a.b' },
      { ...base, requestUid: 'v' },
      { ...base, namespace: 'nt' },
      { ...base, type: 'Folder' },
    ];
    expect(new Set(alike.map((each) => shareItemName(each).slice(-8))).size).toBe(alike.length);
    expect(receivedShareName({ namespace: 'a-b', name: 'c' })).not.toBe(receivedShareName({ namespace: 'a', name: 'b-c' }));
  });

  test('are what they were: objects in clusters carry them', () => {
    expect(
      shareItemName({ namespace: 'team-analytics', request: 'orders', requestUid: 'uid-1', type: 'Bucket', name: 'acme-orders' }),
    ).toBe('orders-bucket-acme-orders-k7pdljmh');
    expect(installationFromUid('5f0c9d6e-6c0e-4d5f-9c58-0a7e3f3f2f11')).toMatch(/^[a-z0-9]{8}$/);
  });
});

describe('ARNs', () => {
  test('are taken apart, and what is none is none', () => {
    expect(parseArn(analystsArn)).toEqual({
      partition: 'aws',
      service: 'iam',
      region: '',
      accountId: '444455556666',
      resource: 'role/teams/analysts',
    });
    expect(parseArn('arn:aws:x:r:1:a:b')?.resource).toBe('a:b');
    for (const text of ['', 'arn', 'arn:aws:iam::1', 'nra:aws:iam::1:role/x']) expect(parseArn(text)).toBeUndefined();
  });

  test.each([
    ['eu-west-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['us-east-1', 'aws'],
  ])('%s is in %s', (region, partition) => {
    expect(partitionOf(region)).toBe(partition);
  });

  test('of principals have a kind, a path and a name', () => {
    expect(principalName(analystsArn)).toEqual({ kind: 'role', pathAndName: 'teams/analysts', name: 'analysts' });
    expect(principalName('arn:aws:iam::1:user/robot')?.kind).toBe('user');
    for (const arn of ['arn:aws:iam::1:root', 'arn:aws:sts::1:assumed-role/x/y', 'arn:aws:iam::1:group/g'])
      expect(principalName(arn)).toBeUndefined();
    expect(shortPrincipal(analystsArn)).toBe('444455556666:analysts');
  });
});
