/** `kubectl share import` on files: what is read, refused, written, written again, and said. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { accessPointName, keySids, sharePolicyName } from '../../../src/cli/import/left-behind.ts';
import { parseManifests } from '../../../src/cli/plan/manifests.ts';
import { createWorld, type Ran } from '../cli/harness.ts';
import { aBucketItem, aDataset, aFolderItem, aShare, pageOf } from './answers.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-import-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (name: string, content: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
/** Runs the command without a cluster: any request would be seen. */
async function run(...args: readonly string[]): Promise<Ran> {
  const world = createWorld({ namespace: 'default', start: 0 });
  const ran = await world.run(['import', '--to', join(folder, 'out'), ...args]);
  expect(world.requests).toEqual([]);
  return ran;
}
const list = (...nodes: readonly unknown[]): object => ({ data: { getShareRequestsToMe: pageOf(...nodes) } });
function filesIn(name = 'out'): Record<string, string> {
  const paths = readdirSync(join(folder, name), { recursive: true, encoding: 'utf8' }).filter((path) => /\.\w+$/.test(path));
  return Object.fromEntries(paths.toSorted().map((path) => [path, readFileSync(join(folder, name, path), 'utf8')]));
}

describe('import', () => {
  test('reads answers as they come: lists, single shares, several of them in one file, each share once', async () => {
    const [one, two, three] = ['s1', 's2', 's3'].map((shareUri) => aShare({ shareUri }));
    const files = [
      put('list.json', list(one, two)),
      put('one.json', { data: { getShareObject: two } }),
      put('many.json', [{ data: { getShareObject: three } }, one]),
    ];
    const { code, out } = await run(...files.flatMap((file) => ['--from', file]), '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ shares: [{ share: 's1' }, { share: 's2' }, { share: 's3' }] });
  });

  test.each([
    ['no JSON', 'nonsense', 'is no JSON'],
    ['no share in it', { data: { getShareRequestsToMe: pageOf() } }, 'there is no share in it'],
    [
      'an error of data.all',
      { data: null, errors: [{ message: 'is not authorized to perform: GET_SHARE' }] },
      'is not authorized',
    ],
    [
      'a share that data.all failed on',
      { errors: [{ message: 'no such role' }], data: { getShareRequestsToMe: pageOf(aShare(), null) } },
      'answered null for 1 of 2 with the errors [{"message":"no such role"}]',
    ],
    ['a field that was not asked for', list({ ...aShare(), items: undefined }), 'share a1b2c3d4: items: '],
    ['a page of several', { data: { l: { ...pageOf(aShare()), pages: 3 } } }, 'has 3 pages, and 2, 3 of them are in no file'],
    ['a part of the items', list(aShare({ items: { ...pageOf(aBucketItem()), count: 7 } })), '7, and only 1 are in the file'],
  ])('refuses a file with %s, says what is missing, and writes nothing', async (_, content, message) => {
    const { code, err } = await run('--from', put('shares.json', content));
    expect(code).toBe(1);
    expect(err).toContain(message);
    expect(readdirSync(folder)).toEqual(['shares.json']);
  });

  test('refuses a mapping with mistakes', async () => {
    const shares = put('shares.json', list(aShare()));
    const map = put('map.yaml', 'namespaces: {Sales: Team Sales}\nkeys: {acme: alias/acme}\nother: 1\n');
    const { code, err } = await run('--from', shares, '--map', map);
    expect(code).toBe(1);
    for (const part of [
      'namespaces.Sales: must be the name of a namespace',
      'keys.acme: must be the ARN of a KMS key',
      '"other"',
    ])
      expect(err).toContain(part);
  });

  test('writes the same whatever the order of its input, and nothing the second time', async () => {
    const shares = ['s1', 's2', 's3'].map((shareUri) => aShare({ shareUri }, aFolderItem(), aBucketItem()));
    const datasets = put('datasets.json', [{ data: { getDataset: aDataset() } }]);
    expect((await run('--from', put('a.json', list(...shares)), '--datasets', datasets)).code).toBe(0);
    const first = filesIn();
    const again = await run('--from', put('b.json', shares.toReversed()), '--datasets', datasets, '-o', 'json');
    expect(JSON.parse(again.out)).toMatchObject({ files: { written: [], others: [] } });
    expect(filesIn()).toEqual(first);
  });

  test('never writes over what somebody changed, unless told to, and names what is not of this import', async () => {
    const from = ['--from', put('shares.json', list(aShare()))];
    await run(...from);
    const file = join(folder, 'out/sales/dataset-orders.yaml');
    const made = readFileSync(file, 'utf8');
    writeFileSync(file, `${made}# mine\n`);
    writeFileSync(join(folder, 'out/sales/dataset-old.yaml'), 'kind: Dataset\n');
    const refused = await run(...from);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('sales/dataset-orders.yaml') as string });
    expect(readFileSync(file, 'utf8')).toContain('# mine');
    const told = await run(...from, '--overwrite');
    expect(told).toMatchObject({
      code: 0,
      err: expect.stringContaining('sales/dataset-old.yaml is in the folder and not of this import') as string,
    });
    expect(readFileSync(file, 'utf8')).toBe(made);
  });

  test('writes manifests that kubectl reads as they are meant, one in each file, in the folder of its namespace', async () => {
    const share = aShare(
      { requestPurpose: 'no', nonExpirable: false, expiryDate: '2026-12-31 00:00:00' },
      aBucketItem(),
      aFolderItem(),
    );
    await run('--from', put('shares.json', list(share)), '--datasets', put('datasets.json', aDataset()));
    const manifests = Object.entries(filesIn()).filter(([path]) => path.endsWith('.yaml'));
    expect(manifests).toHaveLength(4);
    for (const [path, text] of manifests) {
      // kubectl reads YAML 1.1, in which a bare no is false and a bare date a date.
      const one = parse(text, { version: '1.1' }) as { metadata: { namespace: string; name: string }; kind: string };
      expect(path).toBe(`${one.metadata.namespace}/${one.kind.toLowerCase()}-${one.metadata.name}.yaml`);
      expect(one).toEqual(parse(text));
      expect(text).not.toMatch(/[&*]a\d/);
      expect(parseManifests([{ name: path, text }], 'default')).toHaveLength(1);
    }
    expect(manifests.map(([, text]) => text).join('')).toContain('purpose: "no"');
  });

  test('drafts Environments as comments, with exactly the claims that the shares need', async () => {
    const key = 'arn:aws:kms:eu-west-1:111122223333:key/8d7e2c1a';
    const map = put('map.yaml', `keys: {acme-orders: "${key}"}\nenvironments: {"111122223333/eu-west-1": sales-eu}\n`);
    await run('--from', put('shares.json', list(aShare())), '--map', map);
    const draft = filesIn()['environments.yaml.draft'] ?? '';
    expect(
      draft
        .trimEnd()
        .split('\n')
        .every((line) => line.startsWith('# ')),
    ).toBe(true);
    const manifests = draft.replaceAll(/^# /gm, '').split('\n---\n').slice(1);
    expect(
      parseManifests(
        manifests.map((text) => ({ name: 'draft', text })),
        'default',
      ),
    ).toMatchObject([
      { metadata: { name: 'analytics' }, spec: { claims: [{ namespaces: { names: ['analytics'] }, roles: ['role/analysts'] }] } },
      {
        metadata: { name: 'sales-eu' },
        spec: { accountId: '111122223333', claims: [{ buckets: ['acme-orders'], kmsKeys: [key] }] },
      },
    ]);
    expect(parseAllDocuments(draft).every((document) => document.toJS() === null)).toBe(true);
  });

  test('lists what data.all has in AWS, of what it has granted only, and what stays in data.all', async () => {
    const encrypted = aDataset({ restricted: { S3BucketName: 'acme-orders', KmsAlias: 'acme', importedKmsKey: true } });
    const table = { ...aBucketItem(), itemUri: 't1', itemType: 'DatasetTable', itemName: 'orders' };
    const granted = aShare({ permissions: ['Read', 'Modify'] }, aBucketItem(), aFolderItem(), table);
    const waiting = aShare({ shareUri: 'zz' }, aBucketItem('Share_Approved'));
    const { code } = await run(
      '--from',
      put('shares.json', list(granted, waiting)),
      '--datasets',
      put('datasets.json', encrypted),
    );
    expect(code).toBe(3);
    const text = filesIn()['cut-over.md'] ?? '';
    expect(text).toContain(
      'bucket policy of acme-orders: the principal, out of the statements `DataAll-Bucket-ReadOnly`, `DataAll-Bucket-ModifyOnly`',
    );
    expect(text).toContain(
      'key policy of alias/acme: the principal, out of the statements `DataAll-Bucket-KMS-Decrypt`, `DataAll-Bucket-KMS-Encrypt`, `DataAll-Access-Point-KMS-Decrypt`, `DataAll-Access-Point-KMS-Encrypt`',
    );
    expect(text).toContain('access point `5lkw2p4x-q2w3e4r5`');
    expect(text).toContain('policies `dataall-env-h2xm9t5k-share-policy-analysts-0`');
    expect(text).toContain('`DelegateAccessToAccessPoint`');
    expect(text).toContain('share a1b2c3d4, DatasetTable orders (Share_Succeeded)');
    expect(text).not.toContain('### Share zz');
    expect(text.indexOf('kubectl wait')).toBeLessThan(text.indexOf('revoke the items'));
  });
});

// What data.all's own code makes of these: build_access_point_name, NamingConventionService(IAM_POLICY).build_compliant_name_with_index.
describe('names in AWS are those that data.all makes', () => {
  test.each([
    ['5lkw2p4x', 'Sales.Team_EU', '5lkw2p4x-sales-team-eu'],
    ['5lkw2p4x', `${'a'.repeat(40)}-b`, `5lkw2p4x-${'a'.repeat(40)}`],
  ])('access point of %s and %s', (dataset, principal, name) => expect(accessPointName(dataset, principal)).toBe(name));

  test('share policies: cut to 128 characters where the role has a long name', () => {
    const policyOf = (principalRoleName: string): string | undefined =>
      sharePolicyName(aShare({ principal: { ...aShare().principal, principalRoleName } }));
    expect(policyOf('Data.Science')).toBe('dataall-env-h2xm9t5k-share-policy-data-science');
    expect(policyOf('r'.repeat(110))).toBe(`dataall-env-h2xm9-${'r'.repeat(110)}`);
    expect(sharePolicyName(aShare({ environment: undefined }))).toBeUndefined();
  });

  test('key statements by permission', () => {
    expect(keySids('Bucket', ['Read'])).toEqual(['DataAll-Bucket-KMS-Decrypt']);
    expect(keySids('Access-Point', ['Read', 'Write', 'Modify'])).toEqual([
      'DataAll-Access-Point-KMS-Decrypt',
      'DataAll-Access-Point-KMS-Encrypt',
    ]);
  });
});
