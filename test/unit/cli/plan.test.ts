import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { ResolvedShare, ShareItem } from '../../../src/api/index.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import {
  aConsumerEnvironment,
  aDataset,
  analystsArn,
  anEnvironment,
  aRequest,
  aRole,
  bucketName,
  consumerAccount,
  keyArn,
  producerAccount,
  sharing,
  spec,
} from '../../support/builders.ts';
import { aPrincipal } from './plan-principals.ts';
import { createWorld, type Ran } from './harness.ts';
import { receivedShare, start, waitingRequest } from './objects.ts';

const namespace = 'team-analytics';
const folder = mkdtempSync(join(tmpdir(), 'sluice-plan-'));
const examples = join(import.meta.dirname, '../../../examples');

afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
/** Plans these objects from one file. */
function planOf(objects: readonly KubeObject[], ...flags: readonly string[]): Promise<Ran> {
  const file = join(folder, `${String(++files)}.yaml`);
  writeFileSync(file, objects.map((object) => stringify(object)).join('---\n'));
  return createWorld({ namespace, start }).run(['plan', '-f', file, '--offline', '-o', 'json', ...flags]);
}

interface Plan {
  readonly requests: readonly {
    readonly judged: boolean;
    readonly items: readonly { readonly problem?: { readonly reason: string }; readonly notOffered?: string[] }[];
  }[];
  readonly documents: readonly {
    readonly target: string;
    readonly accountId: string;
    readonly calls: readonly string[];
    readonly statements: readonly { readonly Sid?: string; readonly Action: readonly string[]; readonly Principal?: unknown }[];
  }[];
  readonly notKnown: readonly string[];
}

const world = (): KubeObject[] => [anEnvironment(), aConsumerEnvironment(), aDataset(), aRole()];

describe('plan from files', () => {
  test('says each document with its account, calls and statements, in the order in which they are written', async () => {
    const { code, out } = await planOf([...world(), aRequest()], '--installation', 'abcd1234');
    expect(code).toBe(0);
    const plan = JSON.parse(out) as Plan;
    expect(plan.documents.map(({ target, accountId, calls }) => ({ target, accountId, calls }))).toEqual([
      { target: `s3:bucket-policy/${producerAccount}/${bucketName}`, accountId: producerAccount, calls: ['s3:PutBucketPolicy'] },
      {
        target: `iam:share-policy/${analystsArn}`,
        accountId: consumerAccount,
        calls: ['iam:CreatePolicy', 'iam:AttachRolePolicy'],
      },
    ]);
    expect(plan.documents[0]?.statements).toEqual([
      {
        Sid: 'Sluiceabcd1234Read',
        Effect: 'Allow',
        Principal: { AWS: [analystsArn] },
        Action: ['s3:GetBucketLocation', 's3:GetObject', 's3:GetObjectAttributes', 's3:GetObjectVersion', 's3:ListBucket'],
        Resource: [`arn:aws:s3:::${bucketName}`, `arn:aws:s3:::${bucketName}/*`],
      },
    ]);
    expect(plan.notKnown).toEqual([]);
  });

  test('a bucket with a key has the key policy between them, and a role that is not attached is not attached', async () => {
    const dataset = aDataset(spec({ buckets: [{ name: bucketName, kmsKeyArn: keyArn }] }));
    const role = aRole(spec({ policyManagement: 'Detached' }));
    const { out } = await planOf([anEnvironment(), aConsumerEnvironment(), dataset, role, aRequest()]);
    const plan = JSON.parse(out) as Plan;
    expect(plan.documents.map(({ calls }) => calls)).toEqual([
      ['s3:PutBucketPolicy'],
      ['kms:PutKeyPolicy'],
      ['iam:CreatePolicy'],
    ]);
    expect(plan.documents[1]?.statements.map(({ Action }) => Action)).toEqual([['kms:DescribeKey'], ['kms:Decrypt']]);
  });

  test('requests that meet in a document are planned together', async () => {
    const { out } = await planOf([...world(), aRequest(), ...aPrincipal('interns')]);
    const plan = JSON.parse(out) as Plan;
    expect(plan.documents.map(({ target }) => target)).toHaveLength(3);
    expect(plan.documents[0]?.statements.map(({ Principal }) => Principal)).toEqual([
      { AWS: [analystsArn, analystsArn.replace('analysts', 'interns')] },
    ]);
  });

  test.each([
    [
      'DatasetNotAvailable',
      [anEnvironment(), aConsumerEnvironment(), aDataset(sharing({ requesters: { from: 'Same' } })), aRole(), aRequest()],
    ],
    ['ItemNotFound', [...world(), aRequest(spec({ items: [{ type: 'Bucket', name: 'nowhere' }] }))]],
    ['NotClaimed', [anEnvironment(), aConsumerEnvironment(spec({ claims: [] })), aDataset(), aRole(), aRequest()]],
    [
      'DatasetNotReady',
      [
        anEnvironment(spec({ allowedNamespaces: { from: 'Names', names: [] } })),
        aConsumerEnvironment(),
        aDataset(),
        aRole(),
        aRequest(),
      ],
    ],
    [
      'ExpirationRequired',
      [anEnvironment(), aConsumerEnvironment(), aDataset(sharing({ expiration: { required: true } })), aRole(), aRequest()],
    ],
    [
      'AccountMismatch',
      [anEnvironment(), aConsumerEnvironment(), aDataset(), aRole(spec({ environmentRef: { name: 'sales' } })), aRequest()],
    ],
  ] as const)('what would not be shared is told with its reason: %s', async (reason, objects) => {
    const { code, out } = await planOf(objects);
    expect(code).toBe(3);
    const plan = JSON.parse(out) as Plan;
    expect(plan.requests[0]?.items.map(({ problem }) => problem?.reason)).toEqual([reason]);
    expect(plan.documents).toEqual([]);
  });

  test('what the Dataset does not offer is not in the plan', async () => {
    const dataset = aDataset(sharing({ permissions: ['Read'] }));
    const { code, out } = await planOf([
      anEnvironment(),
      aConsumerEnvironment(),
      dataset,
      aRole(),
      aRequest(spec({ permissions: ['Read', 'Modify'] })),
    ]);
    const plan = JSON.parse(out) as Plan;
    expect(plan.requests[0]?.items[0]?.notOffered).toEqual(['Modify']);
    expect(plan.documents[0]?.statements.flatMap(({ Action }) => Action)).not.toContain('s3:DeleteObject');
    expect(code).toBe(0);
  });

  test('without all objects nothing is guessed: what is missing is named', async () => {
    const { code, out } = await planOf([aDataset(), aRequest()]);
    expect(code).toBe(3);
    expect(JSON.parse(out)).toMatchObject({
      requests: [{ judged: false }],
      documents: [],
      notKnown: [
        'ConsumptionRole team-analytics/analysts: it is in none of the files',
        'Environment sales: it is in none of the files',
      ],
    });
  });

  test('mistakes are told with file, object and field, all of them at once', async () => {
    const broken = {
      ...aRequest(),
      spec: { ...aRequest().spec, permissions: ['Everything'], purpos: 'x' },
    } as unknown as KubeObject;
    const { code, err } = await planOf([broken, aRequest()]);
    expect(code).toBe(1);
    expect(err).toMatch(/\d\.yaml: ShareRequest orders-for-analysts: spec\.permissions\[0\]: /);
    expect(err).toContain('purpos');
  });

  test('the examples can be planned, for people too', async () => {
    const { code, out, err } = await createWorld({ namespace, start }).run(['plan', '-f', examples, '--offline']);
    expect(code).toBe(0);
    expect(out).toContain('+ Folder raw-2026: Read for arn:aws:iam::444455556666:role/data-science');
    expect(out).toContain('  calls: s3:CreateAccessPoint, s3:PutAccessPointPolicy');
    expect(err).toContain('Not known: the installation id');
  });

  test('a file that is not there, and files without a request, are errors', async () => {
    const run = (path: string): Promise<Ran> => createWorld({ namespace, start }).run(['plan', '-f', path, '--offline']);
    expect(await run(join(folder, 'nowhere'))).toMatchObject({ code: 1 });
    expect((await run(join(examples, 'owner'))).err).toContain('the files hold no ShareRequest');
  });
});

describe('plan against the cluster', () => {
  test('reads what the files lack: the new request is checked against what is there', async () => {
    const file = join(folder, 'request.yaml');
    writeFileSync(file, stringify(aRequest()));
    const on = createWorld({ namespace, start }, ...world());
    const { code, out } = await on.run(['plan', '-f', file]);
    expect(code).toBe(0);
    expect(out).toContain('calls: s3:PutBucketPolicy');
    expect(on.requests.toSorted()).toEqual([
      'get consumptionroles team-analytics/analysts',
      'get datasets team-sales/orders',
      'get environments */analytics',
      'get environments */sales',
    ]);
  });

  test('a requester who may not read the owner’s side gets the plan of his own, as the operator wrote it', async () => {
    const on = createWorld({ namespace, start, forbidden: ['get datasets', 'get environments'] }, ...world(), waitingRequest());
    const { code, out, err } = await on.run('plan orders-for-analysts');
    expect(code).toBe(3);
    expect(out).toContain(`+ IAM of ${consumerAccount}: a share policy for Bucket ${bucketName}`);
    expect(err).toContain('Not known: Dataset team-sales/orders: you may not read it');
  });

  test('an owner gets the plan of his ReceivedShare', async () => {
    const on = createWorld({ namespace: 'team-sales', start }, receivedShare());
    expect((await on.run(`plan receivedshare/${receivedShare().metadata.name}`)).out).toContain(
      `bucket policy of ${bucketName}: allow ${analystsArn}`,
    );
  });
});

/** What the plan of one request writes is what the record of its item would name. */
test('documents are those that an item records before AWS is touched', async () => {
  const { out } = await planOf([...world(), aRequest()]);
  const plan = JSON.parse(out) as Plan & { requests: readonly { items: readonly { targets: ResolvedShare['targets'] }[] }[] };
  const recorded: ShareItem['spec']['resolved'][number]['targets'] = plan.requests[0]?.items[0]?.targets ?? [];
  expect(plan.documents.map(({ target }) => target)).toEqual(recorded);
});
