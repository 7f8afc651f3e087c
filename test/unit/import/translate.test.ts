/** What shares of data.all become: states, consent, ends, names, and what is left and why. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DataAllItem, DataAllShare } from '../../../src/cli/import/export.ts';
import { noMapping } from '../../../src/cli/import/mapping.ts';
import { kubeName, nameAll } from '../../../src/cli/import/names.ts';
import { itemStates } from '../../../src/cli/import/states.ts';
import { translate, type Translation } from '../../../src/cli/import/translate.ts';
import { aBucketItem, aDataset, aFolderItem, aShare, pageOf, type WholeShare } from './answers.ts';

const only = (share: DataAllShare, datasets = [aDataset()]): Translation => translate([share], datasets, noMapping);

function specs(translation: Translation, kind: string): unknown[] {
  return translation.objects
    .filter((object) => object.kind === kind)
    .map((object) => (object as { readonly spec?: unknown }).spec);
}

describe('an item of data.all', () => {
  const expected = {
    PendingApproval: 'asked',
    PendingExtension: 'approved',
    Share_Approved: 'approved',
    Share_In_Progress: 'approved',
    Share_Succeeded: 'approved',
    Share_Rejected: 'left',
    Share_Failed: 'left',
    Revoke_Approved: 'left',
    Revoke_In_Progress: 'left',
    Revoke_Failed: 'left',
    Revoke_Succeeded: 'left',
    Deleted: 'left',
  };

  test('has one of the states of ShareItemStatus', () => {
    expect(Object.keys(itemStates).toSorted()).toEqual(Object.keys(expected).toSorted());
  });

  test.each(Object.entries(expected))('in state %s is %s', (state, fate) => {
    const translation = only(aShare({ status: 'Processed' }, aBucketItem(state)));
    expect(specs(translation, 'ShareRequest')).toHaveLength(fate === 'left' ? 0 : 1);
    expect(specs(translation, 'ShareApproval')).toHaveLength(fate === 'approved' ? 1 : 0);
    expect(translation.left).toHaveLength(fate === 'left' ? 1 : 0);
  });

  test.each(['Share_Failed', 'Revoke_Failed'])('in state %s is left, and somebody has to look at it', (state) => {
    expect(only(aShare({}, aBucketItem(state))).left).toMatchObject([{ state, attention: true }]);
  });

  test('in a state that is not known is left, and somebody has to look at it', () => {
    expect(only(aShare({}, aBucketItem('Share_Paused'))).left).toMatchObject([
      { why: 'its state Share_Paused is not known', attention: true },
    ]);
  });

  test('that was added to a live share and not submitted is left; of a share that is a draft as a whole it is asked for in a draft', () => {
    const added = only(aShare({ status: 'Draft' }, aBucketItem(), aFolderItem('PendingApproval')));
    expect(added.left).toMatchObject([{ item: 'DatasetStorageLocation raw-2026', attention: true }]);
    expect(specs(added, 'ShareRequest')).toMatchObject([{ items: [{ type: 'Bucket', name: 'acme-orders' }] }]);
    const draft = only(aShare({ status: 'Draft' }, aBucketItem('PendingApproval')));
    expect(specs(draft, 'ShareRequest')).toMatchObject([{ state: 'Draft' }]);
  });

  test('that data.all found unhealthy is brought over, with what it said', () => {
    const sick: DataAllItem = { ...aBucketItem(), healthStatus: 'Unhealthy', healthMessage: 'KMS Key missing' };
    expect(only(aShare({}, sick)).notes).toEqual([
      { about: 'share a1b2c3d4, acme-orders', message: 'data.all found it unhealthy: KMS Key missing' },
    ]);
  });

  test('that is a table, or of a folder that nobody says where it is, is left', () => {
    const table = { ...aBucketItem(), itemType: 'DatasetTable', itemName: 'orders' };
    expect(only(aShare({}, aBucketItem(), table)).left).toMatchObject([{ item: 'DatasetTable orders', attention: true }]);
    expect(only(aShare({}, aFolderItem()), []).left).toMatchObject([{ why: expect.stringContaining('--datasets') as string }]);
  });

  test.each([
    ['raw/2026', 'raw/2026'],
    ['/raw/2026/', 'raw/2026'],
    ['', undefined],
    ['a//b', undefined],
  ])('that is a folder %j has the prefix %s', (S3Prefix, prefix) => {
    const datasets = [aDataset({ locations: pageOf({ locationUri: 'f7n3v6qa', name: 'Raw 2026', S3Prefix }) })];
    const found = only(aShare({}, aFolderItem()), datasets);
    if (prefix === undefined) expect(found.left).toMatchObject([{ attention: true }]);
    else expect(specs(found, 'Dataset')).toMatchObject([{ folders: [{ name: 'raw-2026', bucket: 'acme-orders', prefix }] }]);
  });
});

describe('a share of data.all', () => {
  test('is a request of the team that uses the data, and an approval of the team that owns it, for the same role and items', () => {
    const translation = only(aShare({ permissions: ['Read', 'Write'] }, aBucketItem(), aFolderItem('PendingApproval')));
    expect(specs(translation, 'ShareRequest')).toEqual([
      {
        datasetRef: { namespace: 'sales', name: 'orders' },
        principal: { kind: 'ConsumptionRole', name: 'analysts' },
        permissions: ['Read', 'Write'],
        purpose: 'Weekly revenue report',
        items: [
          { type: 'Bucket', name: 'acme-orders' },
          { type: 'Folder', name: 'raw-2026' },
        ],
      },
    ]);
    expect(specs(translation, 'ShareApproval')).toMatchObject([
      {
        requestRef: { namespace: 'analytics', name: 'orders-for-analysts' },
        decision: 'Approved',
        principal: { arn: 'arn:aws:iam::444455556666:role/analysts' },
        items: [{ type: 'Bucket', name: 'acme-orders', permissions: ['Read', 'Write'] }],
      },
    ]);
    expect(specs(translation, 'ConsumptionRole')).toEqual([
      {
        environmentRef: { name: 'analytics' },
        principalArn: 'arn:aws:iam::444455556666:role/analysts',
        policyManagement: 'Managed',
      },
    ]);
    expect(translation.left).toEqual([]);
  });

  test.each([
    [{ nonExpirable: false, expiryDate: '2026-12-31 00:00:00' }, '2026-12-31T23:59:59Z', '2026-12-31T23:59:59Z'],
    [
      {
        status: 'Submitted_For_Extension',
        nonExpirable: false,
        expiryDate: '2026-12-31 00:00:00',
        requestedExpiryDate: '2027-03-31T00:00:00',
      },
      '2027-03-31T23:59:59Z',
      '2026-12-31T23:59:59Z',
    ],
    [
      {
        status: 'Extension_Rejected',
        nonExpirable: false,
        expiryDate: '2026-12-31 00:00:00',
        requestedExpiryDate: '2027-03-31 00:00:00',
      },
      '2026-12-31T23:59:59Z',
      '2026-12-31T23:59:59Z',
    ],
    [{ nonExpirable: true, expiryDate: '2026-12-31 00:00:00' }, undefined, undefined],
    [{ nonExpirable: false, requestedExpiryDate: '2027-03-31 00:00:00' }, '2027-03-31T23:59:59Z', undefined],
  ] as const)('with %j asks for the end %s and has the end %s', (change, asked, approved) => {
    const translation = only(aShare(change));
    const endOf = (kind: string): unknown => (specs(translation, kind)[0] as { readonly expireTime?: string }).expireTime;
    expect([endOf('ShareRequest'), endOf('ShareApproval')]).toEqual([asked, approved]);
  });

  test.each([
    ['Fully-Managed', 'arn:aws:iam::444455556666:role/analysts', 'Managed'],
    ['Partially-Managed', 'arn:aws:iam::444455556666:role/analysts', 'Detached'],
    ['Externally-Managed', 'arn:aws:iam::444455556666:user/team/analysts', 'External'],
    ['Fully-Managed', 'arn:aws:iam::444455556666:role/aws-reserved/sso.amazonaws.com/analysts', 'Detached'],
  ])('of a role that is %s (%s) is %s', (policyManagement, arn, expected) => {
    const { principal } = aShare();
    const translation = only(aShare({ policyManagement, principal: { ...principal, principalName: `analysts [${arn}]` } }));
    expect(specs(translation, 'ConsumptionRole')).toMatchObject([{ principalArn: arn, policyManagement: expected }]);
    expect(translation.notes).toHaveLength(expected === 'Managed' ? 0 : 1);
  });

  const { principal, dataset } = aShare();
  test.each([
    ['its dataset is gone', { dataset: null }],
    ['its dataset is gone', { dataset: { ...dataset, exists: false } }],
    ['its principal is gone', { principal: null }],
    ['role of Redshift', { principal: { ...principal, principalType: 'RedshiftRole' } }],
    ['no ARN', { principal: { ...principal, principalName: 'analysts' } }],
    ['gives no Read', { permissions: ['Write'] }],
  ] as const)('is left as a whole where %s', (why, change) => {
    const translation = only(aShare(change as Partial<DataAllShare>));
    expect(translation).toMatchObject({ objects: [], left: [{ share: 'a1b2c3d4', attention: true }] });
    expect(translation.left[0]?.why).toContain(why);
  });

  test('says what its owner has to decide', () => {
    const odd = aDataset({
      imported: false,
      confidentiality: 'C3',
      autoApprovalEnabled: true,
      enableExpiration: true,
      restricted: { S3BucketName: 'acme-orders', KmsAlias: 'acme-orders', importedKmsKey: false },
    });
    const messages = only(aShare(), [odd])
      .notes.map(({ message }) => message)
      .join('\n');
    for (const part of ['alias/acme-orders', 'C3', 'approval: Automatic', 'sharing.expiration']) expect(messages).toContain(part);
    expect(only(aShare(), []).notes[0]?.message).toContain('not among the datasets');
  });

  test('says where a role of the same account loses what it could read beside its folder', () => {
    const near = { ...principal, principalName: 'analysts [arn:aws:iam::111122223333:role/analysts]' };
    expect(only(aShare({ principal: near }, aFolderItem())).notes[0]?.message).toContain('the whole bucket');
    expect(only(aShare({}, aFolderItem())).notes).toEqual([]);
  });

  test('has at most 100 items; the others are left', () => {
    const many = Array.from({ length: 102 }, (_, n) => ({ ...aBucketItem('Share_Succeeded', `bucket-${String(n)}`) }));
    const roomy = many.slice(0, 49);
    expect(only(aShare({}, ...roomy)).left).toEqual([]);
    const folders = Array.from({ length: 102 }, (_, n) => ({
      ...aFolderItem(),
      itemUri: `f${String(n)}`,
      itemName: `f${String(n)}`,
    }));
    const locations = pageOf(
      ...folders.map(({ itemUri }) => ({ locationUri: itemUri, name: itemUri, S3Prefix: `p/${itemUri}` })),
    );
    expect(only(aShare({}, ...folders), [aDataset({ locations })]).left).toHaveLength(2);
  });
});

describe('names', () => {
  const text = fc.string({ unit: 'binary', maxLength: 80 });

  test('are names of Kubernetes objects, and never the same for two', () => {
    const named = fc.record({
      identity: fc.uuid(),
      scope: fc.constantFrom('a', 'b'),
      text: fc.oneof(text, fc.constantFrom('Team.X', 'team-x', 'team x')),
    });
    fc.assert(
      fc.property(fc.uniqueArray(named, { selector: ({ identity }) => identity, maxLength: 12 }), (all) => {
        const names = nameAll(all);
        const full = all.map(({ identity, scope }) => `${scope}/${names.get(identity) ?? ''}`);
        expect(new Set(full).size).toBe(all.length);
        for (const name of names.values()) expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
      }),
    );
  });

  test('do not depend on the order, and are said by the mapping first', () => {
    const shares = ['Team.X', 'team-x', 'constructor'].map((SamlGroupName, n) =>
      aShare({ shareUri: `s${String(n)}`, principal: { ...aShare().principal, SamlGroupName } }),
    );
    const place = (all: readonly DataAllShare[], mapping = noMapping): unknown =>
      Object.fromEntries(translate(all, [aDataset()], mapping).shares.map(({ share, requester }) => [share.shareUri, requester]));
    expect(place(shares.toReversed())).toEqual(place(shares));
    expect(place(shares)).toEqual({
      s0: expect.stringMatching(/^team-x-.{8}$/) as string,
      s1: expect.stringMatching(/^team-x-.{8}$/) as string,
      s2: 'constructor',
    });
    expect(place(shares, { ...noMapping, namespaces: { 'Team.X': 'mine' } })).toMatchObject({ s0: 'mine' });
    expect(kubeName('Überblick  2026!')).toBe('u-berblick-2026');
    expect(kubeName('数据')).toBe('unnamed');
  });

  test('whatever data.all calls things, every object passes the schema of its kind', () => {
    const share = fc
      .record({
        uri: fc.uuid(),
        team: text,
        owner: text,
        name: text,
        purpose: fc.string({ maxLength: 1500 }),
        role: fc.constantFrom('a', 'A', 'a.b'),
      })
      .map(({ uri, team, owner, name, purpose, role }) =>
        aShare({
          shareUri: uri,
          requestPurpose: purpose,
          principal: { ...principalOf(role), SamlGroupName: team },
          dataset: { ...aShare().dataset, datasetUri: `d${name}`, datasetName: name, SamlAdminGroupName: owner },
        }),
      );
    fc.assert(
      fc.property(fc.uniqueArray(share, { selector: ({ shareUri }) => shareUri, minLength: 1, maxLength: 6 }), (shares) => {
        const { objects } = translate(shares, [], noMapping);
        const keys = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
        expect(new Set(keys).size).toBe(keys.length);
        expect(objects.filter(({ kind }) => kind === 'ShareRequest')).toHaveLength(shares.length);
      }),
      { numRuns: 60 },
    );
  });
});

function principalOf(role: string): WholeShare['principal'] {
  return { ...aShare().principal, principalName: `${role} [arn:aws:iam::444455556666:role/${role}]`, principalRoleName: role };
}
