/**
 * When AWS is looked at while nothing changes: two thousand shares under the real operator on a virtual clock, over a start, hours at rest and a restart. What is
 * counted are looks at documents and roles.
 */
import { expect, it } from 'vitest';
import { createAws, type Aws } from '../../sandbox/aws/index.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts';
import { seedEstate } from '../bench/rest-estate.ts';
import { createApiServer } from './api-server.ts';
import { createLife } from './life.ts';
import { runOperator } from './operator.ts';

const minute = 60_000;
/** An operator that begins is done with the first look at everything after this long. */
const startMs = 15 * minute;

it('verifications are spread evenly over the interval, from the first one on, also after a restart', async () => {
  const clock = createVirtualClock({ turns: 2 });
  const aws = createAws({ clock });
  const api = createApiServer(clock);
  const { accessKeyId, items } = seedEstate(aws, api.objects, 2000);
  const begin = (): ReturnType<typeof createLife> => {
    const life = createLife(clock);
    // So many shares put more keys into the queues at their start than a world's operator that turns in a circle, for which it rejects.
    runOperator({
      life,
      transport: api.transport(life),
      aws,
      accessKeyId,
      installation: 'abcd1234',
      operatorNamespace: 'sluice-system',
      verifyIntervalMs: 60 * minute,
      orphanSweepMs: 24 * 60 * minute,
      wire: false,
      random: () => 0.5,
      onEvent: () => undefined,
    }).catch(() => undefined);
    return life;
  };
  const first = begin();
  await clock.advance(startMs);
  const shared = api.objects.list('shareitems').filter(({ status }) => (status as { phase?: string }).phase === 'ShareSucceeded');
  expect(shared).toHaveLength(items);
  const hour = await watchHour(aws, clock);
  first.end();
  begin();
  await clock.advance(startMs);
  const next = await watchHour(aws, clock);
  for (const { policies, bins } of [hour, next]) {
    // Each bucket policy once; and all through the hour something is looked at, never much more than at other times.
    expect(policies).toBe(40);
    const mean = bins.reduce((total, count) => total + count, 0) / bins.length;
    expect(Math.min(...bins)).toBeGreaterThan(mean / 2);
    expect(Math.max(...bins)).toBeLessThan(mean * 2);
  }
});

interface Hour {
  /** Reads of bucket policies. */
  readonly policies: number;
  /** Documents and roles that were looked at, by ten minutes. */
  readonly bins: readonly number[];
}

/** The call with which the look at a document or a role begins; what Datasets look at are buckets, ten at a time. */
const firstCalls = new Set(['GetBucketPolicy', 'ListPolicies', 'GetRole']);

async function watchHour(aws: Aws, clock: VirtualClock): Promise<Hour> {
  const from = clock.now();
  const bins = Array.from({ length: 6 }, () => 0);
  let policies = 0;
  const off = aws.onCall(({ phase, operation }) => {
    if (phase !== 'after' || !firstCalls.has(operation)) return;
    if (operation === 'GetBucketPolicy') policies++;
    const bin = Math.floor((clock.now() - from) / (10 * minute));
    bins[bin] = (bins[bin] ?? 0) + 1;
  });
  await clock.advance(60 * minute - 1);
  off();
  console.log(`looks by ten minutes: ${bins.join(' ')}`);
  return { policies, bins };
}
