/** Letting go by force: after one attempt, and with what stays in AWS on record. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { types } from '../../src/controllers/cluster.ts';
import { isNotFound } from '../../src/kube/errors.ts';
import { apply, kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice } from '../support/sluice.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
});

describe('a ShareItem that is let go by force', () => {
  it('given AWS refuses to take the bucket policy back, then the item stays until it is forced, and what is left is listed', async () => {
    const world = await sluice.world();
    const { consumer, producer } = world;
    await apply([
      world.dataset('orders'),
      world.role('analysts'),
      world.request('r', { items: ['orders'] }),
      world.approval('r', { request: 'r', items: ['orders'] }),
    ]);
    await kubectl(['wait', '--for=condition=Ready', 'sharerequest/r', '-n', consumer.namespace, '--timeout=30s']);
    for (const operation of ['PutBucketPolicy', 'DeleteBucketPolicy']) {
      sluice.aws.faults.add({
        kind: 'error',
        code: 'AccessDenied',
        status: 403,
        match: { operation, account: producer.account },
      });
    }
    await kubectl(['delete', 'sharerequest', 'r', '-n', consumer.namespace, '--wait=false']);
    const item = await until('the item says that revoking failed', async () => {
      const { items } = await sluice.client.list(types.item, { namespace: consumer.namespace });
      return items.find(({ status }) => status?.phase === 'RevokeFailed') ?? false;
    });
    // The other side of the revoke does not wait: across accounts it ends access alone.
    expect(await world.reads('analysts', 'orders')).toBe(false);

    await kubectl(['annotate', 'shareitem', item.metadata.name, '-n', consumer.namespace, 'sluice.dev/force-delete=true']);
    await until('the item and its request are gone', async () => {
      try {
        await sluice.client.get(types.request, { namespace: consumer.namespace, name: 'r' });
        return false;
      } catch (error) {
        if (isNotFound(error)) return true;
        throw error;
      }
    });
    const { status } = await sluice.client.get(types.dataset, { namespace: producer.namespace, name: 'orders' });
    expect(status?.leftovers).toMatchObject([
      { target: expect.stringContaining('s3:bucket-policy/') as string, principal: world.roles['analysts']?.arn },
    ]);
    expect(status?.conditions?.find(({ type }) => type === 'Leftovers')).toMatchObject({
      status: 'True',
      reason: 'LeftoversFound',
    });
  });
});
