/** An access point and its policy are two calls, of which S3 shows the first a little later: what can go wrong on the way, at every call. */
import { DeleteAccessPointCommand } from '@aws-sdk/client-s3-control';
import { beforeEach, describe, expect, it } from 'vitest';
import type { FaultKind } from '../../../sandbox/aws/index.ts';
import type { PrincipalRef } from '../../../src/targets/target.ts';
import {
  bucket,
  openWorld,
  place,
  pointArn,
  pointStatements,
  policyStatements,
  read,
  runPoint,
  wantFolder,
} from './access-points.ts';
import { callsOf, createWorld, states, writesOf, type TestWorld } from './world.ts';

let world: TestWorld;
let analyst: PrincipalRef;

const want = () => wantFolder(analyst, 'raw');
const drop = () => wantFolder(analyst, 'raw', { mode: 'drop' });
const later = (): void => world.clock.advance(300_000);

beforeEach(async () => {
  world = createWorld();
  analyst = await openWorld(world, 'analyst');
  for (const key of ['raw/1', 'kept/1']) world.aws.seed.object(bucket, key, key);
});

/** The flows whose every call is spoilt: what is there before, what is asked, and how it ends. */
const flows = {
  'the first folder is given': { before: [], asked: () => [want()], end: ['Applied'] },
  'a folder is given beside another': {
    before: ['kept'],
    asked: () => [wantFolder(analyst, 'kept'), want()],
    end: ['Applied', 'Applied'],
  },
  'a folder is taken back beside another': {
    before: ['kept', 'raw'],
    asked: () => [wantFolder(analyst, 'kept'), drop()],
    end: ['Applied', 'Removed'],
  },
  'the last folder is taken back': { before: ['raw'], asked: () => [drop()], end: ['Removed'] },
} as const;

/**
 * Runs the flow once for each of its calls, spoiling that call, then without; compares the end with that of a flow that nothing happened to.
 * `spoil` returns what ends the spoiling and says whether it happened.
 */
async function spoilEach(flow: keyof typeof flows, spoil: (number: number) => () => boolean): Promise<void> {
  const { before, asked, end } = flows[flow];
  if (before.length > 0)
    await runPoint(
      world,
      before.map((folder) => wantFolder(analyst, folder)),
    );
  const start = world.aws.snapshot();
  const begin = (): void => {
    world.aws.restore(start);
    later();
    world.restart();
  };
  begin();
  world.aws.calls.reset();
  expect(states(await runPoint(world, asked()))).toEqual(end);
  const [calls, whole] = [callsOf(world).length, await pointStatements(world)];
  for (let number = 1; number <= calls; number++) {
    begin();
    const stop = spoil(number);
    const losses: string[] = [];
    const watch = world.aws.onCall(({ phase, service }) => {
      if (phase === 'after' && service === 's3control' && before.length > 1 && !stands('kept'))
        losses.push(`at call ${String(number)}`);
    });
    await runPoint(world, asked());
    expect([number, stop()]).toEqual([number, true]);
    later();
    world.restart();
    const ended = await runPoint(world, asked());
    watch();
    expect([number, ...states(ended)]).toEqual([number, ...end]);
    expect(await pointStatements(world)).toEqual(whole);
    expect(losses).toEqual([]);
  }
}

function stands(folder: string): boolean {
  const policy = world.aws.snapshot().accessPoints.points.get(pointArn)?.policy.current ?? '';
  return policy.includes(`/object/${folder}/*`);
}

describe.each(Object.keys(flows) as (keyof typeof flows)[])('while %s', (flow) => {
  it('the operator may be killed after any call, and the next one ends as if nothing had happened', async () => {
    await spoilEach(flow, (number) => {
      let count = 0;
      const off = world.aws.onCall(({ phase }) => {
        if (phase === 'after' && ++count >= number) throw new Error('killed');
      });
      return () => {
        off();
        return count >= number;
      };
    });
  });

  it.each<FaultKind>(['lose-reply', 'refuse-connection', 'throttle', 'expired-token', 'error'])(
    'any call may fail (%s)',
    async (kind) => {
      await spoilEach(flow, (number) => {
        let count = 0;
        let armed = (): void => undefined;
        const off = world.aws.onCall(({ phase }) => {
          if (phase === 'after' && ++count === number - 1) armed = world.aws.faults.add({ kind, times: 1 });
        });
        if (number === 1) armed = world.aws.faults.add({ kind, times: 1 });
        return () => {
          off();
          const hit = count >= number - 1 && world.aws.faults.list().length === 0;
          armed();
          return hit;
        };
      });
    },
  );
});

describe('a point that S3 shows late', () => {
  const visibleAfter = (ms: number): void => world.aws.configure({ accessPointVisibilityMs: ms, staleReadMs: ms });

  it('is waited for, made once, and given its policy', async () => {
    visibleAfter(8_000);
    world.aws.calls.reset();
    expect(states(await runPoint(world, [want()]))).toEqual(['Applied']);
    expect(writesOf(world).filter((name) => name.endsWith('CreateAccessPoint'))).toHaveLength(1);
    expect(await read(world, analyst, 'raw/1')).toBe('raw/1');
  });

  it('and was made by an operator that was killed then, is found as soon as it shows', async () => {
    visibleAfter(20_000);
    const off = world.aws.onCall(({ phase, operation }) => {
      if (phase === 'after' && operation === 'CreateAccessPoint') throw new Error('killed');
    });
    await runPoint(world, [want()]);
    off();
    world.restart();
    expect(states(await runPoint(world, [want()]))).toEqual(['Pending/ProgressingWithRetry']);
    world.clock.advance(20_000);
    expect(states(await runPoint(world, [want()]))).toEqual(['Applied']);
  });

  it('longer than a minute is left to the next run, which finds it', async () => {
    world.aws.configure({ accessPointVisibilityMs: 90_000 });
    expect(states(await runPoint(world, [want()]))[0]).toMatch(/^Pending/);
    world.clock.advance(90_000);
    expect(states(await runPoint(world, [want()]))).toEqual(['Applied']);
  });

  it('is not taken for gone when the share ends at once', async () => {
    await runPoint(world, [want()]);
    visibleAfter(8_000);
    expect(states(await runPoint(world, [drop()]))).toEqual(['Removed']);
    expect(await pointStatements(world)).toBe('gone');
  });

  it.each(['PutAccessPointPolicy', 'GetAccessPointPolicy'])(
    'to %s alone, since S3 remembers that it was not there, is asked again',
    async (operation) => {
      world.aws.faults.add({
        kind: 'error',
        code: 'NoSuchAccessPoint',
        status: 404,
        times: 3,
        match: { service: 's3control', operation },
      });
      expect(states(await runPoint(world, [want()]))).toEqual(['Applied']);
      expect(await policyStatements(world)).toHaveLength(2);
    },
  );

  it('to writes for long is left to the next run, and nothing says that the bucket is gone', async () => {
    const off = world.aws.faults.add({
      kind: 'error',
      code: 'NoSuchAccessPoint',
      status: 404,
      match: { operation: 'PutAccessPointPolicy' },
    });
    const report = await runPoint(world, [want()]);
    expect(states(report)).toEqual(['Pending/ProgressingWithRetry']);
    expect(report.items.get('raw')?.code).toBe('NoSuchAccessPoint');
    off();
    expect(states(await runPoint(world, [want()]))).toEqual(['Applied']);
  });

  it('to the read of its policy alone is still deleted with its last share', async () => {
    await runPoint(world, [want()]);
    later();
    world.restart();
    world.aws.faults.add({
      kind: 'error',
      code: 'NoSuchAccessPoint',
      status: 404,
      times: 2,
      match: { operation: 'GetAccessPointPolicy' },
    });
    expect(states(await runPoint(world, [drop()]))).toEqual(['Removed']);
    expect(await pointStatements(world)).toBe('gone');
  });
});

describe('what S3 refuses about a point', () => {
  const refuse = (operation: string, code: string, over: { readonly status?: number; readonly times?: number } = {}) =>
    world.aws.faults.add({ kind: 'error', code, status: 400, match: { operation }, ...over });

  it('given the account has no room for another point, then the share is told so', async () => {
    refuse('CreateAccessPoint', 'TooManyAccessPoints');
    const report = await runPoint(world, [want()]);
    expect(states(report)).toEqual(['Failed/QuotaExceeded']);
    expect(report.items.get('raw')?.code).toBe('TooManyAccessPoints');
  });

  it('given the bucket is gone, then the share fails with S3’s code, the owner reads S3’s words, and nothing is left to take back', async () => {
    const state = world.aws.snapshot();
    state.s3.buckets.delete(bucket);
    world.aws.restore(state);
    const report = await runPoint(world, [want()]);
    expect(states(report)).toEqual(['Failed/AwsRefused']);
    expect(report.items.get('raw')).toMatchObject({ code: 'InvalidRequest' });
    expect(report.items.get('raw')?.ownerMessage).toContain('existing bucket');
    expect(states(await runPoint(world, [drop()]))).toEqual(['Removed']);
  });

  it('given a permission is missing, then it is named', async () => {
    world.aws.faults.add({
      kind: 'error',
      code: 'AccessDenied',
      status: 403,
      message: 'User: x is not authorized to perform: s3:CreateAccessPoint on resource: y',
      match: { operation: 'CreateAccessPoint' },
    });
    const report = await runPoint(world, [want()]);
    expect(states(report)).toEqual(['Failed/AccessDenied']);
    expect(report.items.get('raw')?.message).toContain("Give the operator's role s3:CreateAccessPoint");
  });

  it('given the point can’t be deleted just now, then it is tried again', async () => {
    await runPoint(world, [want()]);
    refuse('DeleteAccessPoint', 'InvalidRequest', { times: 2 });
    expect(states(await runPoint(world, [drop()]))).toEqual(['Removed']);
  });

  it('given it can’t be deleted for long, then the share waits with the code, and nothing says it is over', async () => {
    await runPoint(world, [want()]);
    const off = refuse('DeleteAccessPoint', 'InvalidRequest');
    const report = await runPoint(world, [drop()]);
    expect(states(report)).toEqual(['Pending/ProgressingWithRetry']);
    expect(report.items.get('raw')?.code).toBe('OperationAborted');
    off();
    expect(states(await runPoint(world, [drop()]))).toEqual(['Removed']);
  });

  it('given somebody deletes the point just before we do, then that is as good', async () => {
    await runPoint(world, [want()]);
    let reads = 0;
    const off = world.aws.onCall(async ({ phase, operation }) => {
      if (phase !== 'after' || operation !== 'GetAccessPointPolicy' || ++reads !== 2) return;
      off();
      await world.producer.s3control.send(new DeleteAccessPointCommand(place));
    });
    expect(states(await runPoint(world, [drop()]))).toEqual(['Removed']);
  });
});
