/** A finalizer is written once for hundreds of items that need it at the same time, and stays while what depends on the object may be on its way into the cache. */
import { beforeEach, expect, it } from 'vitest';
import type { ConsumptionRole } from '../../../src/api/index.ts';
import { types } from '../../../src/controllers/cluster.ts';
import { recordingMs, setFinalizer } from '../../../src/controllers/finalizers.ts';
import { createMemory } from '../../../src/controllers/memory.ts';
import { finalizers } from '../../../src/controllers/operator.ts';
import type { Client } from '../../../src/kube/client.ts';
import { createReadYourWrites } from '../../../src/kube/read-your-writes.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';

let clock: VirtualClock;
let written: (readonly string[])[];
let answer: () => Promise<unknown>;
let operator: Parameters<typeof setFinalizer>[0];
beforeEach(() => {
  clock = createVirtualClock();
  written = [];
  answer = () => Promise.resolve({ metadata: { resourceVersion: '7' } });
  const apply = (_: unknown, { metadata }: { readonly metadata: { readonly finalizers: readonly string[] } }): unknown => {
    written.push(metadata.finalizers);
    return answer();
  };
  operator = { clock, memory: createMemory(), writes: createReadYourWrites({ clock }), client: { apply } as unknown as Client };
});

const role = (resourceVersion: string, held: readonly string[] = []): ConsumptionRole =>
  ({
    metadata: { name: 'analysts', namespace: 'sales', uid: 'u', resourceVersion, finalizers: held },
  }) as unknown as ConsumptionRole;
const held = { name: finalizers.inUse, wanted: true, forRecord: true };
const free = { name: finalizers.inUse, wanted: false };

it('many that need the object at once, and those that see an old copy, cost one write', async () => {
  await Promise.all(Array.from({ length: 50 }, () => setFinalizer(operator, types.role, role('5'), held)));
  await setFinalizer(operator, types.role, role('6'), held);
  await setFinalizer(operator, types.role, role('7', [finalizers.inUse]), held);
  expect(written).toEqual([[finalizers.inUse]]);
});

it('one that somebody took away since is written again', async () => {
  await setFinalizer(operator, types.role, role('5'), held);
  await setFinalizer(operator, types.role, role('8'), held);
  expect(written).toHaveLength(2);
});

it('a write that failed fails for all who waited, and is made again by the next', async () => {
  answer = () => Promise.reject(new Error('no answer'));
  const both = [0, 1].map(() => setFinalizer(operator, types.role, role('5'), held));
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  answer = () => Promise.resolve({ metadata: { resourceVersion: '7' } });
  expect(await setFinalizer(operator, types.role, role('5'), held)).toBe(true);
});

it('stays for a moment after it was set for a record that the cache does not show yet', async () => {
  await setFinalizer(operator, types.role, role('5'), held);
  expect(await setFinalizer(operator, types.role, role('7', [finalizers.inUse]), free)).toBe(false);
  await clock.advance(recordingMs);
  expect(await setFinalizer(operator, types.role, role('7', [finalizers.inUse]), free)).toBe(true);
  expect(written).toEqual([[finalizers.inUse], []]);
});
