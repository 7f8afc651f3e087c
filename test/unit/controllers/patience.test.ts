/** Steps on the way wait for the end that soon follows; what takes something back, and every end, is told at once. */
import { expect, it } from 'vitest';
import { createMemory } from '../../../src/controllers/memory.ts';
import { countPatience, sumPatience, untoldMs } from '../../../src/controllers/patience.ts';
import { createQueue } from '../../../src/kube/queue.ts';
import type { ConditionValue } from '../../../src/shares/report.ts';
import type { Queues } from '../../../src/controllers/operator.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const clock = createVirtualClock();
const operatorWith = (waiting: number) => {
  const item = createQueue({ clock, name: 'shareitem' });
  for (let number = 0; number < waiting; number++) item.add(String(number));
  return { clock, memory: createMemory(), queues: { item } as unknown as Queues };
};
const condition = (type: string, reason: string, status: ConditionValue['status'] = 'True'): ConditionValue => ({
  type,
  status,
  reason,
  message: '',
});
const step = [condition('Ready', 'Progressing', 'False'), condition('Reconciling', 'Progressing')];
const ready = [condition('Ready', 'Succeeded')];

it('a step on the way is told after a second, counted from the first such step', async () => {
  const operator = operatorWith(0);
  expect(untoldMs(operator, 'a', { conditions: step, shown: [] })).toBe(1000);
  await clock.advance(600);
  expect(untoldMs(operator, 'a', { conditions: step, shown: [] })).toBe(400);
  await clock.advance(400);
  expect(untoldMs(operator, 'a', { conditions: step, shown: [] })).toBe(0);
  // Told; the next one has a second of its own.
  expect(untoldMs(operator, 'a', { conditions: step, shown: step })).toBe(1000);
});

it('in a crowd a step waits about as long as the crowd takes, two minutes at most, and sums wait five seconds at most', () => {
  const shown = { conditions: step, shown: [] };
  expect([0, 200, 20_000].map((waiting) => untoldMs(operatorWith(waiting), 'a', shown))).toEqual([1000, 3000, 120_000]);
  expect([0, 200, 10_000].map((waiting) => sumPatience(operatorWith(waiting)))).toEqual([0, 2000, 5000]);
  expect([0, 200, 10_000].map((waiting) => countPatience(operatorWith(waiting)))).toEqual([500, 2000, 5000]);
});

it('that consent is awaited is told of a new item after a second, and at once of one that has been told of before', () => {
  const pending = [condition('Ready', 'PendingApproval', 'False')];
  expect(untoldMs(operatorWith(0), 'a', { conditions: pending, shown: undefined })).toBe(1000);
  expect(untoldMs(operatorWith(0), 'a', { conditions: pending, shown: [] })).toBe(0);
});

it.each([
  ['an end', ready, step],
  ['a step that is taken back from what is Ready', step, ready],
  ['what AWS refuses for now', [condition('Reconciling', 'ProgressingWithRetry')], []],
  ['what waits for somebody', [condition('Ready', 'PendingApproval', 'False')], []],
])('%s is told at once, whatever the crowd', (_, conditions, shown) => {
  const operator = operatorWith(10_000);
  expect(untoldMs(operator, 'a', { conditions, shown })).toBe(0);
  expect(operator.memory.untold.size).toBe(0);
});
