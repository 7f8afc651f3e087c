import { describe, expect, test } from 'vitest';
import type { Dataset, ShareItem, ShareRequest } from '../../../src/api/index.ts';
import { aDataset, anEnvironment, anItem, aRequest, meta, spec } from '../../support/builders.ts';
import { createWorld, type World } from './harness.ts';
import { condition, sharedItem, sharedRequest, start, status, waitingItem, waitingRequest } from './objects.ts';

const namespace = 'team-analytics';
const verifyAt = 'sluice.dev/verify-requested-at';
const reapplyAt = 'sluice.dev/reapply-requested-at';

function requestIn(world: World): ShareRequest {
  return world.objects.get('ShareRequest team-analytics/orders-for-analysts') as ShareRequest;
}

/** The operator answers: the status repeats the annotation. */
function answer(world: World, patch: object): void {
  const request = requestIn(world);
  const annotations = request.metadata.annotations ?? {};
  const { [verifyAt]: lastHandledVerifyAt, [reapplyAt]: lastHandledReapplyAt } = annotations;
  world.put(status<ShareRequest>({ lastHandledVerifyAt, lastHandledReapplyAt, ...patch })(request));
}

describe('verify and reapply', () => {
  test('asks by annotation and waits until the operator has answered it', async () => {
    const world = createWorld({ namespace, start }, sharedRequest(), sharedItem());
    const { code, out, err } = await world.run('verify orders-for-analysts', {
      seconds: 5,
      each: (second) => second === 3 && answer(world, {}),
    });
    expect(code).toBe(0);
    expect(requestIn(world).metadata.annotations).toEqual({ [verifyAt]: '2026-01-01T12:01:00Z' });
    expect(out).toBe('Bucket acme-orders  Healthy\n');
    expect(err).toContain('verify of ShareRequest orders-for-analysts asked for at 2026-01-01T12:01:00Z');
    expect(world.requests.filter((request) => request.startsWith('get sharerequests'))).toHaveLength(6);
  });

  test('what is not as it should be is said, and is exit code 3', async () => {
    const message = 'S3 Bucket Target Resource does not exist: acme-orders';
    const sick = sharedItem(
      status<ShareItem>({
        healthStatus: 'Unhealthy',
        healthMessage: message,
        conditions: [condition('Healthy', 'False', 'Drifted')],
      }),
    );
    const world = createWorld({ namespace, start }, sharedRequest(), sick);
    const conditions = [condition('Healthy', 'False', 'Drifted')];
    const { code, out } = await world.run('verify orders-for-analysts', {
      seconds: 3,
      each: () => answer(world, { conditions }),
    });
    expect(code).toBe(3);
    expect(out).toBe(`Bucket acme-orders  Unhealthy  ${message}\n`);
  });

  test('an answer to an earlier question is none; asked twice within a second it asks twice', async () => {
    const earlier = { [verifyAt]: '2026-01-01T12:01:00Z' };
    const request = sharedRequest(
      meta({ annotations: earlier }),
      status<ShareRequest>({ lastHandledVerifyAt: '2026-01-01T12:01:00Z' }),
    );
    const world = createWorld({ namespace, start }, request);
    const { code } = await world.run('verify orders-for-analysts --timeout 10s', { seconds: 12 });
    expect(code).toBe(6);
    expect(requestIn(world).metadata.annotations).toEqual({ [verifyAt]: '2026-01-01T12:01:01Z' });
  });

  test('when no answer comes in time it says so, and that the question stands', async () => {
    const world = createWorld({ namespace, start }, sharedRequest());
    const { code, err } = await world.run('reapply orders-for-analysts --timeout 5s', { seconds: 6 });
    expect(code).toBe(6);
    expect(err).toContain('reapply of ShareRequest orders-for-analysts: not within 5 s. The request stands');
    expect(requestIn(world).metadata.annotations).toHaveProperty([reapplyAt]);
  });

  test('--no-wait asks and goes', async () => {
    const world = createWorld({ namespace, start }, sharedRequest());
    expect((await world.run('verify orders-for-analysts --no-wait')).code).toBe(0);
    expect(world.requests).toHaveLength(2);
  });

  test('works for a Dataset in the owner’s own namespace, for one item, and for an Environment', async () => {
    const owner = createWorld({ namespace: 'team-sales', start }, aDataset(status<Dataset>({})), anEnvironment());
    const handled = (shares: object) => (): void =>
      owner.put(aDataset(status<Dataset>({ lastHandledVerifyAt: '2026-01-01T12:05:00Z', shares })));
    const shares = { granted: 3, unhealthy: 0 };
    const { code, out } = await owner.run('verify dataset/orders', { seconds: 3, each: handled(shares) });
    expect({ code, out }).toEqual({ code: 0, out: 'Dataset team-sales/orders  3 items shared, 0 of them unhealthy\n' });
    handled({ ...shares, unhealthy: 1 })();
    expect((await owner.run('verify dataset/orders')).code).toBe(3);
    expect(owner.requests.every((request) => request.includes('datasets team-sales/orders'))).toBe(true);
    expect((await owner.run('verify environment/sales --no-wait')).code).toBe(0);
    const requester = createWorld({ namespace, start }, anItem());
    expect((await requester.run(`verify shareitem/${anItem().metadata.name} --no-wait`)).code).toBe(0);
  });

  test('what can’t be re-applied is refused before anything is asked', async () => {
    const world = createWorld({ namespace, start }, anItem());
    const { code, err } = await world.run(`reapply shareitem/${anItem().metadata.name}`);
    expect(code).toBe(2);
    expect(err).toContain('use one of sharerequest, dataset');
    expect(world.requests).toEqual([]);
  });
});

describe('watch', () => {
  test('tells each change once, and ends when everything is in place', async () => {
    const world = createWorld({ namespace, start }, waitingRequest(), waitingItem());
    const busy = waitingItem(
      status<ShareItem>({
        phase: 'ShareInProgress',
        grants: [
          { target: 'a', state: 'Applied' },
          { target: 'b', state: 'Pending' },
        ],
      }),
    );
    const { code, out } = await world.run('watch orders-for-analysts', {
      seconds: 9,
      each: (second) => {
        if (second === 3) world.put(busy);
        if (second === 6) world.put(sharedRequest(), sharedItem());
      },
    });
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      '12:01:00    Bucket acme-orders  PendingApproval',
      '12:01:00  team-analytics/orders-for-analysts  Submitted  PendingApproval: 0/1 shared: waits for the owner of team-sales/orders',
      '12:01:04    Bucket acme-orders  ShareInProgress  1/2 AWS documents',
      '12:01:07    Bucket acme-orders  ShareSucceeded  Healthy  2/2 AWS documents',
      '12:01:07  team-analytics/orders-for-analysts  Processed  Succeeded: 1/1 shared',
      '',
    ]);
  });

  test('ends with 3 when it can’t go on by itself', async () => {
    const conditions = [condition('Ready', 'False', 'Rejected', 'not this quarter'), condition('Stalled', 'True', 'Rejected')];
    const world = createWorld(
      { namespace, start },
      waitingRequest(status<ShareRequest>({ phase: 'Rejected', conditions })),
      waitingItem(),
    );
    const { code, out } = await world.run('watch orders-for-analysts');
    expect(code).toBe(3);
    expect(out).toContain('Rejected: not this quarter');
  });

  test.each([
    ['DatasetNotAvailable', 3],
    ['Revoked', 3],
    ['Expired', 3],
    ['Draft', 3],
    ['PendingApproval', 6],
    ['Progressing', 6],
    ['WaitingForAttachment', 6],
    ['PrincipalRecreated', 6],
  ] as const)('%s ends it with exit code %i: only what whoever asked has to mend is an end', async (reason, code) => {
    const request = waitingRequest(status<ShareRequest>({ conditions: [condition('Ready', 'False', reason)] }));
    const world = createWorld({ namespace, start }, request);
    expect((await world.run('watch orders-for-analysts --timeout 3s', { seconds: 4 })).code).toBe(code);
  });

  test('a verdict about an earlier generation ends nothing', async () => {
    const changed = sharedRequest(meta({ generation: 2 }), spec({ permissions: ['Read', 'Write'] }));
    const world = createWorld({ namespace, start }, changed, sharedItem());
    expect((await world.run('watch orders-for-analysts --timeout 3s', { seconds: 4 })).code).toBe(6);
  });

  test('a request that does not exist is not waited for', async () => {
    const { code, err } = await createWorld({ namespace, start }, aRequest()).run('watch nothing');
    expect(code).toBe(4);
    expect(err).toContain('"nothing" not found');
  });
});
