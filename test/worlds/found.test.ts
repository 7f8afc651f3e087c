/** Worlds that have failed once, made as small as they go: what random worlds find by luck is played here each time. */
import { it } from 'vitest';
import type { WorldPlan } from './operations.ts';
import { play } from './play.ts';
import { warmUp } from './warm-up.ts';

const found: readonly (readonly [string, WorldPlan])[] = [
  [
    'what was narrowed is taken back where drift is only reported',
    {
      setup: {
        buckets: 1,
        roles: 1,
        folders: 0,
        wire: false,
        drift: 'Report',
        watchLagMs: 0,
        latencyMs: 0,
        staleMs: 0,
        encrypted: [false, false, false],
        foreign: ['none', 'none', 'none'],
        management: ['Managed', 'Managed', 'Managed'],
        attachmentQuota: 10,
      },
      story: [
        { do: 'request', which: 0, items: [false, false], permissions: ['Read', 'Write'], draft: false, expiresIn: null },
        {
          do: 'approve',
          which: 0,
          second: false,
          rejects: false,
          items: [false, false],
          permissions: ['Read', 'Write'],
          expiresIn: null,
        },
        { do: 'wait', ms: 5000 },
        { do: 'request', which: 0, items: [false, false], permissions: ['Read'], draft: false, expiresIn: null },
      ],
      seed: 0,
    },
  ],
  [
    'what was narrowed is taken back while the Dataset is not ready',
    {
      setup: {
        buckets: 1,
        roles: 1,
        folders: 0,
        drift: 'Reapply',
        wire: false,
        watchLagMs: 0,
        latencyMs: 0,
        staleMs: 0,
        encrypted: [true, false, false],
        foreign: ['none', 'none', 'none'],
        management: ['Managed', 'Managed', 'Managed'],
        attachmentQuota: 10,
      },
      story: [
        { do: 'request', which: 0, items: [false, false], permissions: ['Read', 'Write'], draft: false, expiresIn: null },
        {
          do: 'approve',
          which: 0,
          second: false,
          rejects: false,
          items: [false, false],
          permissions: ['Read', 'Write'],
          expiresIn: null,
        },
        { do: 'wait', ms: 5000 },
        { do: 'dataset', which: 0, lists: [false, false], permissions: ['Read'], approval: 'Manual', keyless: true },
        { do: 'wait', ms: 0 },
      ],
      seed: 0,
    },
  ],
  [
    'a role that is made again while AWS does not show a write yet gets nothing of what the old one had',
    {
      setup: {
        buckets: 1,
        roles: 1,
        folders: 0,
        drift: 'Reapply',
        wire: false,
        watchLagMs: 0,
        latencyMs: 0,
        staleMs: 20000,
        encrypted: [false, false, false],
        foreign: ['none', 'none', 'none'],
        management: ['External', 'Managed', 'Managed'],
        attachmentQuota: 10,
      },
      story: [
        { do: 'request', which: 0, items: [false, false], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'approve', which: 0, second: false, rejects: false, items: [false, false], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 5000 },
        { do: 'iamRole', which: 0, becomes: 'another' },
      ],
      seed: 0,
    },
  ],
  [
    'a share is not let go because AWS still shows what was before the grant, not even where the next read fails',
    {
      setup: {
        buckets: 1,
        roles: 1,
        folders: 0,
        drift: 'Reapply',
        wire: false,
        watchLagMs: 0,
        latencyMs: 0,
        staleMs: 20000,
        encrypted: [false, false, false],
        foreign: ['none', 'none', 'none'],
        management: ['Managed', 'Managed', 'Managed'],
        attachmentQuota: 10,
      },
      story: [
        { do: 'request', which: 0, items: [false, false], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'approve', which: 0, second: false, rejects: false, items: [false, false], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 5000 },
        { do: 'approve', which: 0, second: false, rejects: true, items: [false, false], permissions: ['Read'], expiresIn: null },
        { do: 'fault', kind: 'throttle', after: 2, times: 1 },
        { do: 'iamRole', which: 0, becomes: 'gone' },
      ],
      seed: 0,
    },
  ],
  [
    'a share is not let go because AWS does not show yet what an operator wrote right before it was killed',
    {
      setup: {
        buckets: 1,
        roles: 1,
        folders: 0,
        drift: 'Reapply',
        wire: false,
        watchLagMs: 0,
        latencyMs: 0,
        staleMs: 20000,
        encrypted: [false, false, false],
        foreign: ['none', 'none', 'none'],
        management: ['Managed', 'Managed', 'Managed'],
        attachmentQuota: 10,
      },
      story: [
        { do: 'request', which: 0, items: [false, false], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'crash', at: 'aws', phase: 'after', after: 4, downFor: 1000 },
        { do: 'approve', which: 0, second: false, rejects: false, items: [false, false], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 700 },
        { do: 'approve', which: 0, second: false, rejects: true, items: [false, false], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 5000 },
      ],
      seed: 0,
    },
  ],
  [
    'a share of one Dataset hears of a bucket that was read for another one',
    {
      setup: {
        buckets: 2,
        roles: 1,
        folders: 0,
        drift: 'Reapply',
        wire: false,
        watchLagMs: 0,
        latencyMs: 600,
        staleMs: 0,
        encrypted: [false, false, false],
        foreign: ['none', 'odd', 'none'],
        management: ['Managed', 'Managed', 'Managed'],
        attachmentQuota: 10,
      },
      story: [
        { do: 'request', which: 1, items: [false, false], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'approve', which: 1, second: false, rejects: false, items: [false, false], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 5000 },
        { do: 'crash', at: 'aws', phase: 'before', after: 0, downFor: 0 },
        { do: 'fault', kind: 'throttle', after: 11, times: 4 },
        { do: 'deleteItem', which: 0 },
      ],
      seed: 0,
    },
  ],
  [
    'a key policy is written on a reading of a moment ago, also where KMS is slow',
    {
      setup: {
        buckets: 1,
        roles: 1,
        folders: 0,
        drift: 'Reapply',
        wire: false,
        watchLagMs: 0,
        latencyMs: 1500,
        staleMs: 0,
        encrypted: [true, false, false],
        foreign: ['none', 'none', 'none'],
        management: ['External', 'Managed', 'Managed'],
        attachmentQuota: 10,
      },
      story: [
        { do: 'request', which: 0, items: [false, false], permissions: ['Read'], draft: false, expiresIn: 3000000 },
        { do: 'approve', which: 0, second: false, rejects: false, items: [false, false], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 5000 },
        { do: 'wait', ms: 4000000 },
      ],
      seed: 116690,
    },
  ],
];

it.each(found)('%s', async (_title, plan) => {
  await warmUp();
  await play(plan);
});
