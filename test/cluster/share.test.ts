/** The main job on real parts: from a request to a read object and back. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply, kubectl } from '../support/cluster.ts';
import { startSluice, until, type Sluice } from '../support/sluice.ts';

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice.stop();
});

describe('a bucket share', () => {
  it('gives the principal the data after consent, and nobody else; takes it back when consent is withdrawn', async () => {
    const world = await sluice.world();
    const { consumer, producer } = world;
    await apply([world.dataset('orders'), world.role('analysts'), world.request('weekly', { items: ['orders'] })]);
    await until('the request waits for consent', async () =>
      (await kubectl(['get', 'sharerequest', 'weekly', '-n', consumer.namespace])).includes('Submitted'),
    );
    expect(await world.reads('analysts', 'orders')).toBe(false);

    await apply([world.approval('weekly', { request: 'weekly', items: ['orders'] })]);
    await kubectl(['wait', '--for=condition=Ready', 'sharerequest/weekly', '-n', consumer.namespace, '--timeout=20s']);
    expect(await world.reads('analysts', 'orders')).toBe(true);
    expect(await world.lists('analysts', 'orders')).toBe(true);
    expect(await world.reads('interns', 'orders')).toBe(false);

    await kubectl(['delete', 'shareapproval', 'weekly', '-n', producer.namespace]);
    await until('the role reads no more', async () => !(await world.reads('analysts', 'orders')));
    await until('the bucket has no policy left', async () => (await world.bucketPolicy('orders')) === undefined);
  });
});
