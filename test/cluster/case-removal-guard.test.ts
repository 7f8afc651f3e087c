/** Objects are lost while the operator is away: many shares would end without anybody having ended them. They wait for the platform team. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { types } from '../../src/controllers/cluster.ts';
import { apply, kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice } from '../support/sluice.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
});

const buckets = Array.from({ length: 24 }, (_, index) => `b${String(index)}`);

describe('the guard against mass removal', () => {
  it('given an approval of 24 items is gone after a restart, then access stays until the platform team allows the removal', async () => {
    const world = await sluice.world({ buckets });
    const { consumer, producer } = world;
    await apply([
      world.dataset('orders'),
      world.role('analysts'),
      world.request('many', { items: buckets }),
      world.approval('many', { request: 'many', items: buckets }),
    ]);
    await kubectl(['wait', '--for=condition=Ready', 'sharerequest/many', '-n', consumer.namespace, '--timeout=60s']);
    await sluice.operator.stop();
    await kubectl(['delete', 'shareapproval', 'many', '-n', producer.namespace]);
    const callsBefore = sluice.aws.calls.writes().length;
    await sluice.operator.start();

    const held = await until('the Environment says that removal is held', async () => {
      const { status } = await sluice.client.get(types.environment, { name: producer.environment });
      return status?.conditions?.find(({ type }) => type === 'RemovalHeld') ?? false;
    });
    expect(held).toMatchObject({ status: 'True', reason: 'MassRevoke' });
    expect(held.message).toContain('24 of 24 shares');
    await until('the request says why it is stalled', async () => {
      const { status } = await sluice.client.get(types.request, { namespace: consumer.namespace, name: 'many' });
      return status?.conditions?.some(({ type, reason }) => type === 'Stalled' && reason === 'MassRevoke') ?? false;
    });
    expect(await world.reads('analysts', 'b7')).toBe(true);
    expect(sluice.aws.calls.writes().length).toBe(callsBefore);

    const inAnHour = new Date(Date.now() + 3600_000).toISOString().replace(/\.\d+Z$/, 'Z');
    await kubectl(['annotate', 'environment', producer.environment, `sluice.dev/allow-removal-until=${inAnHour}`]);
    await until('the role reads nothing any more', async () => !(await world.reads('analysts', 'b7')), 30);
    await until(
      'no policy is left',
      async () =>
        (await Promise.all(buckets.map((bucket) => world.bucketPolicy(bucket)))).every((policy) => policy === undefined),
      30,
    );
    await until('the Environment holds nothing any more', async () => {
      const { status } = await sluice.client.get(types.environment, { name: producer.environment });
      return !(status?.conditions?.some(({ type }) => type === 'RemovalHeld') ?? false);
    });
  });
});
