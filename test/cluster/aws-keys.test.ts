/** Keys, and what AWS refuses: an encrypted bucket really opens and closes, a lock-out is never written, and an AWS error is told by its code. */
import { DecryptCommand, EncryptCommand, GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { kubectl } from '../support/cluster.ts';
import { awsClients } from '../support/aws.ts';
import { startSluice, until, type Sluice, type World } from '../support/sluice.ts';
import { ask, callsIn, conditionOf, itemWith, namesOf, ready, receivedOf, share, verify } from './aws-cases.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterEach(() => {
  sluice.aws.faults.clear();
});
afterAll(async () => {
  await sluice.stop();
});

async function keyPolicy({ producer, keys }: World, bucket: string): Promise<{ Statement: { Sid?: string }[] }> {
  const { Policy } = await producer.admin.kms.send(new GetKeyPolicyCommand({ KeyId: keys[bucket], PolicyName: 'default' }));
  return JSON.parse(Policy ?? '') as { Statement: { Sid?: string }[] };
}

describe('a bucket with a key of its own', () => {
  it('can be read through S3 and not around it; its administrators keep the key; afterwards the key policy is as before', async () => {
    const world = await sluice.world({ buckets: [], encrypted: ['vault'] });
    const before = await keyPolicy(world, 'vault');
    await share(sluice, world, 'weekly', { items: ['vault'] });
    expect(await world.reads('analysts', 'vault')).toBe(true);
    expect(await world.reads('interns', 'vault')).toBe(false);
    const during = await keyPolicy(world, 'vault');
    expect(during.Statement.slice(0, before.Statement.length)).toEqual(before.Statement);
    expect(JSON.stringify(during)).not.toMatch(/GenerateDataKey|kms:Encrypt/);

    // The key is open through S3 only: the same principal can't use it by itself.
    const { CiphertextBlob } = await world.producer.admin.kms.send(
      new EncryptCommand({ KeyId: world.keys['vault'], Plaintext: Buffer.from('secret') }),
    );
    const analysts = awsClients(sluice.aws, sluice.aws.seed.session(world.roles['analysts'] ?? { arn: '', name: '', id: '' }));
    await expect(analysts.kms.send(new DecryptCommand({ KeyId: world.keys['vault'], CiphertextBlob }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });

    await kubectl(['delete', 'sharerequest', 'weekly', '-n', world.consumer.namespace]);
    expect(await world.reads('analysts', 'vault')).toBe(false);
    expect(await keyPolicy(world, 'vault')).toEqual(before);
    await world.producer.admin.kms.send(
      new PutKeyPolicyCommand({ KeyId: world.keys['vault'], PolicyName: 'default', Policy: JSON.stringify(before) }),
    );
  });

  it('is not touched where the bucket has none', async () => {
    const world = await sluice.world({ buckets: ['orders'], encrypted: ['vault'] });
    await share(sluice, world, 'weekly', { items: ['orders'] });
    expect(namesOf(callsIn(sluice, world))).not.toContain('kms:PutKeyPolicy');
    expect(JSON.stringify(await keyPolicy(world, 'vault'))).not.toContain('analysts');
  });

  it('is refused where nobody could change the key policy afterwards', async () => {
    const world = await sluice.world({ buckets: [], encrypted: ['vault'] });
    const locked = {
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'LooksOnly',
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${world.producer.account}:root` },
          Action: ['kms:Describe*', 'kms:Get*', 'kms:List*'],
          Resource: '*',
        },
      ],
    };
    await world.producer.admin.kms.send(
      new PutKeyPolicyCommand({
        KeyId: world.keys['vault'],
        PolicyName: 'default',
        Policy: JSON.stringify(locked),
        BypassPolicyLockoutSafetyCheck: true,
      }),
    );
    await ask(world, 'weekly', { items: ['vault'] });
    const item = await itemWith(sluice, world, { request: 'weekly', type: 'Stalled', reason: 'KeyPolicyLockout' });
    expect(item.status?.phase).toBe('ShareFailed');
    expect(namesOf(callsIn(sluice, world))).not.toContain('kms:PutKeyPolicy');
    expect(await world.reads('analysts', 'vault')).toBe(false);
  });
});

describe('a write that AWS refuses', () => {
  it.each([
    { code: 'AccessDenied', status: 403, reason: 'AccessDenied' },
    { code: 'PolicyTooLarge', status: 400, reason: 'PolicySizeLimit' },
    { code: 'MalformedPolicy', status: 400, reason: 'MalformedPolicy' },
  ])(
    'with $code is never taken for a share, is told with its code, and comes right when AWS does',
    async ({ code, status, reason }) => {
      const world = await sluice.world();
      const bucket = `arn:aws:s3:::${world.buckets['orders'] ?? ''}`;
      sluice.aws.faults.add({
        kind: 'error',
        match: { service: 's3', operation: 'PutBucketPolicy', resource: bucket },
        code,
        status,
        message: 'the words of AWS',
      });
      await ask(world, 'weekly', { items: ['orders'] });
      const item = await until('the item says the code', async () => {
        const found = await itemWith(sluice, world, {
          request: 'weekly',
          reason: code === 'MalformedPolicy' ? 'ProgressingWithRetry' : reason,
        });
        return conditionOf(found.status, 'Ready')?.message.includes(code) === true && found;
      });
      expect(conditionOf(item.status, 'Ready')?.status).toBe('False');
      expect(item.status?.history?.map(({ action, result }) => `${action} ${result}`)).toContain(`s3:PutBucketPolicy ${code}`);
      expect(await world.reads('analysts', 'orders')).toBe(false);
      expect(namesOf(callsIn(sluice, world))).not.toContain('iam:CreatePolicy');
      if (code === 'AccessDenied') {
        expect(JSON.stringify(item.status)).not.toContain('the words of AWS');
        const findings = await until(
          'the owner reads what AWS said',
          async () => (await receivedOf(sluice, world, 'weekly')).status?.findings ?? false,
        );
        expect(findings.join()).toContain('the words of AWS');
      }

      sluice.aws.faults.clear();
      await verify(sluice, world, 'weekly');
      await ready(sluice, world, 'weekly');
      expect(await world.reads('analysts', 'orders')).toBe(true);
      expect((await receivedOf(sluice, world, 'weekly')).status?.findings).toBeUndefined();
    },
  );
});
