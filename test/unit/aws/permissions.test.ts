/** A permission that the operator's role lacks is named by its action, wherever it is missed: by use, for each of them in turn. */
import { describe, expect, test } from 'vitest';
import type { AwsCall } from '../../../src/aws/clients.ts';
import { createMemory } from '../../../src/controllers/memory.ts';
import { missingPermissions, notePermission, permissionConditions } from '../../../src/controllers/permissions.ts';
import { anEnvironment } from '../../support/builders.ts';
import { consumer, producer } from '../targets/world.ts';
import { operatorActions, workWithout } from './operator-work.ts';

/** Without these no share fails: what they tell is known otherwise, or not told at all. The Environment names them all the same. */
const dispensable = new Set([
  'iam:GetAccountSummary',
  'iam:GetRolePolicy',
  'iam:GetUserPolicy',
  'iam:ListRolePolicies',
  'iam:ListUserPolicies',
  's3:GetAccountPublicAccessBlock',
  's3:GetBucketPublicAccessBlock',
  's3:ListAccessPoints',
  's3:ListAllMyBuckets',
]);

/** A memory that has heard the calls; `woken` says when the Environment is brought up to date. */
function listener() {
  const memory = createMemory();
  const woken: (number | undefined)[] = [];
  const cluster = { environments: { store: { index: () => [anEnvironment()] } } };
  const queues = {
    environment: { add: (_name: string, { afterMs }: { readonly afterMs?: number }) => void woken.push(afterMs) },
  };
  const parts = { memory, cluster, queues } as unknown as Parameters<typeof notePermission>[0];
  return { memory, woken, hear: (call: AwsCall) => notePermission(parts, call) };
}

test('with all of its permissions the operator meets no refusal', async () => {
  const { told, calls, states } = await workWithout('none');
  expect(told).toEqual([]);
  expect(new Set(states)).toEqual(new Set(['Applied', 'Removed']));
  expect(calls.filter(({ failure }) => failure === 'denied').map(({ operation }) => operation)).toEqual(['GetBucketPolicy']);
});

test.each(operatorActions())('without %s: whoever is concerned reads its name, and so does the platform team', async (action) => {
  const { told, calls } = await workWithout(action);
  const { memory, hear } = listener();
  for (const call of calls) hear(call);
  const missing = [producer, consumer].flatMap((account) => missingPermissions(memory, account));
  expect(missing).toContain(action);
  if (dispensable.has(action)) return;
  expect(told.join('\n')).toContain(action);
});

describe('the list in the Environment', () => {
  const call = (over: Partial<AwsCall>): AwsCall => ({
    accountId: producer,
    service: 'S3',
    operation: 'PutBucketPolicy',
    code: 'OK',
    requestId: undefined,
    ...over,
  });
  const denied = call({ code: 'AccessDenied', failure: 'denied' });

  test('given a denial, then the Environment is brought up to date once, and again when AWS allows it', () => {
    const { memory, woken, hear } = listener();
    hear(denied);
    hear(denied);
    expect(woken).toHaveLength(1);
    expect(permissionConditions(memory, anEnvironment())[0]?.message).toContain('s3:PutBucketPolicy');
    hear(call({}));
    expect(woken).toHaveLength(2);
    expect(permissionConditions(memory, anEnvironment())).toEqual([]);
  });

  test('given one bucket whose owner denies what others allow, then all that changes with each call is told together, a little later', () => {
    const { woken, hear } = listener();
    for (let turn = 0; turn < 20; turn++) {
      hear(call({}));
      hear(denied);
    }
    expect(Math.min(...woken.map((afterMs) => afterMs ?? 0))).toBeGreaterThanOrEqual(1000);
  });

  test('given throttling, an outage or a thing that does not exist, then nothing is said of permissions', () => {
    const { memory, woken, hear } = listener();
    for (const failure of ['throttled', 'transient', 'gone', 'malformed'] as const) hear(call({ code: 'x', failure }));
    expect([missingPermissions(memory, producer), woken]).toEqual([[], []]);
  });

  test('given an AssumeRole that is denied, then that is the Environment’s own reason, not a missing permission of its role', () => {
    const { memory, hear } = listener();
    hear(call({ service: 'STS', operation: 'AssumeRole', code: 'AccessDenied', failure: 'denied' }));
    expect(missingPermissions(memory, producer)).toEqual([]);
  });
});
