/** Folder shares before any AWS call: what is asked of which document, and through which access point. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accessPointFor } from '../../../src/shares/access-points.ts';
import { grantsOf } from '../../../src/shares/grants.ts';
import { placeOf } from '../../../src/shares/places.ts';
import { accessPointPolicyLimit, byteSize } from '../../../src/policy/size.ts';
import { renderGroups } from '../../../src/policy/templates.ts';
import {
  aDataset,
  analystsArn,
  anEntry,
  bucketName,
  consumerAccount,
  keyArn,
  producerAccount,
  spec,
} from '../../support/builders.ts';

const point = 'sluice-abcd1234-abcdefghijklmnopqrstuvwxyz';
const pointArn = `arn:aws:s3:eu-west-1:${producerAccount}:accesspoint/${point}`;
const aFolder = (prefix: string, more = {}) => anEntry({ type: 'Folder', prefix, accessPoint: point, ...more });

function partOf(entry: ReturnType<typeof anEntry>, target: string) {
  const grant = grantsOf(entry).find((each) => each.target === target);
  if (grant === undefined) throw new Error(`no grant on ${target}`);
  return grant.target === 'SharePolicy' ? grant.statements : grant.templates;
}

describe('a folder share', () => {
  test('asks the bucket policy first, then the access point, the key and the principal’s own policy', () => {
    const targets = grantsOf(aFolder('raw', { kmsKeyArn: keyArn })).map(({ target }) => target);
    expect(targets).toEqual(['BucketPolicy', 'AccessPoint', 'KeyPolicy', 'SharePolicy']);
  });

  test('gives the principal nothing on the bucket: neither in the bucket’s policy nor in its own', () => {
    const entry = aFolder('raw', { permissions: ['Read', 'Write', 'Modify'] });
    expect(grantsOf(entry)[0]).toMatchObject({ target: 'BucketPolicy', forEverybody: true });
    for (const { resources } of partOf(entry, 'SharePolicy'))
      for (const resource of resources) expect(resource.startsWith(pointArn), resource).toBe(true);
  });

  test('lets everybody through access points of ours only, in the producer’s account, and to what is shared only', () => {
    expect(partOf(aFolder('raw/2026'), 'BucketPolicy')).toEqual([
      {
        name: 'DelegateRead',
        actions: ['s3:GetObject', 's3:GetObjectAttributes', 's3:GetObjectVersion', 's3:ListBucket'],
        resources: [`arn:aws:s3:::${bucketName}`, `arn:aws:s3:::${bucketName}/raw/2026/*`],
        widened: [`arn:aws:s3:::${bucketName}`, `arn:aws:s3:::${bucketName}/*`],
        condition: {
          StringEquals: { 's3:DataAccessPointAccount': [producerAccount] },
          ArnLike: { 's3:DataAccessPointArn': [`arn:aws:s3:eu-west-1:${producerAccount}:accesspoint/sluice-abcd1234-*`] },
        },
      },
    ]);
  });

  test('lists below the folder only, on the access point and in the principal’s policy: a prefix without its slash would list raw-secret', () => {
    const conditions = [...partOf(aFolder('raw'), 'AccessPoint'), ...partOf(aFolder('raw'), 'SharePolicy')]
      .filter(({ actions }) => actions.includes('s3:ListBucket'))
      .map(({ condition }) => condition?.['StringLike']?.['s3:prefix']);
    expect(conditions).toEqual([
      ['raw/', 'raw/*'],
      ['raw/', 'raw/*'],
    ]);
  });

  test('writes the characters that IAM reads otherwise as themselves, and in the bucket policy as any one character', () => {
    const entry = aFolder('a*b/c?d/$e');
    expect(partOf(entry, 'AccessPoint')[0]?.resources).toEqual([`${pointArn}/object/a\${*}b/c\${?}d/\${$}e/*`]);
    expect(partOf(entry, 'BucketPolicy')[0]?.resources).toContain(`arn:aws:s3:::${bucketName}/a?b/c?d/?e/*`);
  });
});

describe('the access point of a folder', () => {
  const folders = (count: number, prefix = (index: number) => `area/${String(index)}`) =>
    Array.from({ length: count }, (_, index) => ({
      name: `f${String(index).padStart(3, '0')}`,
      bucket: bucketName,
      prefix: prefix(index),
    }));
  const pointOf = (dataset: ReturnType<typeof aDataset>, name: string, more = {}) => {
    const folder = dataset.spec.folders.find((each) => each.name === name);
    if (folder === undefined) throw new Error(`the dataset has no folder ${name}`);
    return accessPointFor({
      dataset,
      folder,
      principalArn: analystsArn,
      account: { partition: 'aws', accountId: producerAccount, region: 'eu-west-1' },
      installation: 'abcd1234',
      prefix: 'sluice',
      recorded: [],
      ...more,
    });
  };

  test('is one for all folders of a bucket that fit, and of the principal alone', () => {
    const dataset = aDataset(spec({ folders: folders(5) }));
    const points = new Set(dataset.spec.folders.map(({ name }) => pointOf(dataset, name)));
    expect(points.size).toBe(1);
    expect([...points][0]).toMatch(/^sluice-abcd1234-[a-z2-7]{26}$/);
    const other = pointOf(dataset, 'f000', { principalArn: `arn:aws:iam::${consumerAccount}:role/teams/analysts2` });
    expect(points.has(other)).toBe(false);
  });

  test('stays what was recorded, whatever becomes of the list', () => {
    const dataset = aDataset(spec({ folders: folders(3) }));
    const recorded = [aFolder('area/1', { accessPoint: 'sluice-abcd1234-recorded' })];
    expect(pointOf(dataset, 'f001', { recorded })).toBe('sluice-abcd1234-recorded');
    expect(pointOf(dataset, 'f002', { recorded })).not.toBe('sluice-abcd1234-recorded');
  });

  test('is another one where the policy would grow too long: whoever has all folders finds room on each', () => {
    const lengths = fc.integer({ min: 1, max: 250 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 300 }), (length, count) => {
        const dataset = aDataset(spec({ folders: folders(count, (index) => `${'x'.repeat(length)}${String(index)}`) }));
        const byPoint = Map.groupBy(dataset.spec.folders, ({ name }) => pointOf(dataset, name));
        for (const [name, members] of byPoint) expect(policySize(name, members)).toBeLessThan(accessPointPolicyLimit);
        expect(byPoint.size).toBeLessThanOrEqual(Math.ceil(count / 5));
      }),
      { numRuns: 20 },
    );
  });
});

function policySize(name: string, folders: readonly { readonly prefix: string }[]): number {
  const templates = folders.flatMap(({ prefix }) =>
    partOf(aFolder(prefix, { accessPoint: name, permissions: ['Read', 'Write', 'Modify'] }), 'AccessPoint'),
  );
  const groups = templates.map((template) => ({ template, principals: new Set([analystsArn]) }));
  return byteSize(JSON.stringify({ Version: '2012-10-17', Statement: renderGroups('Sluiceabcd1234', groups as never) }));
}

describe('the place of an item', () => {
  const dataset = aDataset(spec({ folders: [{ name: 'raw', bucket: bucketName, prefix: 'raw/2026' }] }));
  test.each([
    [{ type: 'Bucket', name: bucketName }, { bucket: bucketName }],
    [
      { type: 'Folder', name: 'raw' },
      { bucket: bucketName, prefix: 'raw/2026' },
    ],
    [{ type: 'Bucket', name: 'raw' }, undefined],
    [{ type: 'Folder', name: bucketName }, undefined],
    [{ type: 'Table', name: 'raw' }, undefined],
  ])('of %j is %j', (item, place) => {
    expect(placeOf(dataset, item)).toEqual(place);
  });
});
