/** Bucket policies that others write too, and who stands in them: foreign statements, full documents, several principals, several requests. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parsePolicy } from '../../src/policy/document.ts';
import { apply, kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice } from '../support/sluice.ts';
import { callsIn, itemWith, policyText, putPolicy, quiet, ready, receivedOf, share, verify, writesOf } from './aws-cases.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
});

const statement = (bucket: string, more: object = {}): object => ({
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: `arn:aws:s3:::${bucket}/secret/*`,
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  ...more,
});

/** The statements of a policy as they stand in its text. */
function statementTexts(policy: string): string[] {
  const parsed = parsePolicy(policy);
  return parsed.kind === 'document' ? parsed.document.statements.map(({ text }) => text) : [];
}

describe('a bucket whose policy others write too', () => {
  it('keeps their statements byte for byte, with and without Sids, and has their text back when the share is gone', async () => {
    const world = await sluice.world();
    const bucket = world.buckets['orders'] ?? '';
    // S3 itself refuses double Sids.
    const byHand = [
      JSON.stringify(statement(bucket, { Sid: 'Tls' })),
      JSON.stringify(statement(bucket), null, 1),
      JSON.stringify(statement(bucket)).replaceAll('":', '" : '),
    ];
    const written = `{ "Version":"2012-10-17",\n "Id": "by-hand", "Statement" : [ ${byHand.join(' ,\n')} ] }`;
    await putPolicy(world, 'orders', written);
    // S3 keeps what a policy says, not its white space: what it returns is what has to stay.
    const before = (await policyText(world, 'orders')) ?? '';
    const foreign = statementTexts(before);
    expect(foreign).toHaveLength(3);
    await share(sluice, world, 'weekly', { items: ['orders'] });
    expect(await world.reads('analysts', 'orders')).toBe(true);
    const during = (await policyText(world, 'orders')) ?? '';
    for (const text of foreign) expect(during).toContain(text);
    expect(JSON.parse(during)).toMatchObject({ Id: 'by-hand' });

    await kubectl(['delete', 'sharerequest', 'weekly', '-n', world.consumer.namespace]);
    const after = (await policyText(world, 'orders')) ?? '';
    expect(after).toBe(before);
  });

  it('refuses a share that no longer fits into 20 KB, changes nothing, and serves it when there is room', async () => {
    const world = await sluice.world();
    const bucket = world.buckets['orders'] ?? '';
    // A policy of exactly this many bytes.
    const filler = (bytes: number): string => {
      const policy = (padding: number): string =>
        JSON.stringify({ Version: '2012-10-17', Statement: [statement(bucket, { Sid: 'x'.repeat(padding) })] });
      return policy(bytes - policy(0).length);
    };
    const full = filler(20_300);
    await putPolicy(world, 'orders', full);
    await apply([
      world.dataset('orders'),
      world.role('analysts'),
      world.request('weekly', { items: ['orders'] }),
      world.approval('weekly', { request: 'weekly', items: ['orders'] }),
    ]);
    await itemWith(sluice, world, { request: 'weekly', reason: 'PolicySizeLimit' });
    expect(await policyText(world, 'orders')).toBe(full);
    expect(await world.reads('analysts', 'orders')).toBe(false);

    await putPolicy(world, 'orders', filler(15_000));
    await verify(sluice, world, 'weekly');
    await ready(sluice, world, 'weekly');
    expect(await world.reads('analysts', 'orders')).toBe(true);
  });
});

describe('a share that is in place', () => {
  it('costs no write when it is looked at again, nor when the operator starts again', async () => {
    const world = await sluice.world({ buckets: ['orders'], encrypted: ['vault'] });
    await share(sluice, world, 'weekly', { items: ['orders', 'vault'] });
    const from = await quiet(sluice);
    await verify(sluice, world, 'weekly');
    await kubectl(['annotate', 'dataset', 'orders', '-n', world.producer.namespace, 'note=touched']);
    await quiet(sluice);
    expect(writesOf(callsIn(sluice, world, from))).toEqual([]);
    expect(callsIn(sluice, world, from)).not.toEqual([]);

    await sluice.operator.restart();
    await until('the operator has read AWS', async () =>
      Promise.resolve(callsIn(sluice, world, from).some(({ operation }) => operation === 'GetKeyPolicy')),
    );
    await quiet(sluice);
    expect(writesOf(callsIn(sluice, world, from))).toEqual([]);
    expect(await world.reads('analysts', 'vault')).toBe(true);
  });

  it('stays when another principal on the bucket goes, and leaves nothing when it goes as the last', async () => {
    const world = await sluice.world();
    await share(sluice, world, 'weekly', { items: ['orders'] });
    await share(sluice, world, 'trial', { items: ['orders'], role: 'interns' });
    expect([await world.reads('analysts', 'orders'), await world.reads('interns', 'orders')]).toEqual([true, true]);
    await kubectl(['delete', 'sharerequest', 'trial', '-n', world.consumer.namespace]);
    expect([await world.reads('analysts', 'orders'), await world.reads('interns', 'orders')]).toEqual([true, false]);
    expect(await policyText(world, 'orders')).not.toContain('interns');
    await kubectl(['delete', 'sharerequest', 'weekly', '-n', world.consumer.namespace]);
    expect(await world.reads('analysts', 'orders')).toBe(false);
    expect(await policyText(world, 'orders')).toBeUndefined();
  });

  it('lasts as long as one of two requests for the same principal and bucket', async () => {
    const world = await sluice.world();
    await share(sluice, world, 'weekly', { items: ['orders'] });
    await share(sluice, world, 'daily', { items: ['orders'], permissions: ['Read', 'Write'] });
    await kubectl(['delete', 'sharerequest', 'daily', '-n', world.consumer.namespace]);
    expect(await world.reads('analysts', 'orders')).toBe(true);
    expect(await policyText(world, 'orders')).not.toContain('s3:PutObject');
    const received = await receivedOf(sluice, world, 'weekly');
    expect(received.status?.phase).toBe('Processed');
    await kubectl(['delete', 'sharerequest', 'weekly', '-n', world.consumer.namespace]);
    expect(await world.reads('analysts', 'orders')).toBe(false);
    expect(await policyText(world, 'orders')).toBeUndefined();
  });
});
