/** Worlds that have failed once, made as small as they go: what random worlds find by luck is played here each time. */
import { it } from 'vitest';
import type { WorldPlan } from './operations.ts';
import { plain } from './plain.ts';
import { play } from './play.ts';

const found: readonly (readonly [string, WorldPlan])[] = [
  [
    'what was narrowed is taken back where drift is only reported',
    {
      setup: { ...plain, drift: 'Report' },
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
      setup: { ...plain, encrypted: [true, false, false] },
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
      setup: { ...plain, staleMs: 20000, management: ['External', 'Managed', 'Managed'] },
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
      setup: { ...plain, staleMs: 20000 },
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
      setup: { ...plain, staleMs: 20000 },
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
      setup: { ...plain, buckets: 2, latencyMs: 600, foreign: ['none', 'odd', 'none'] },
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
      setup: { ...plain, latencyMs: 1500, encrypted: [true, false, false], management: ['External', 'Managed', 'Managed'] },
      story: [
        { do: 'request', which: 0, items: [false, false], permissions: ['Read'], draft: false, expiresIn: 3000000 },
        { do: 'approve', which: 0, second: false, rejects: false, items: [false, false], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 5000 },
        { do: 'wait', ms: 4000000 },
      ],
      seed: 116690,
    },
  ],
  [
    'shares hear of what was seen, also where the status that says so could not be written',
    {
      setup: { ...plain, folders: 2, latencyMs: 1500, encrypted: [true, false, false] },
      story: [
        { do: 'request', which: 0, items: [], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'approve', which: 0, second: false, rejects: false, items: [], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 5000 },
        { do: 'request', which: 0, items: [true, false, true], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'approve', which: 0, second: true, rejects: false, items: [], permissions: ['Read'], expiresIn: null },
        { do: 'apiFault', loses: false, after: 12 },
        { do: 'fault', kind: 'throttle', after: 0, times: 1 },
      ],
      seed: 0,
    },
  ],
  [
    'what was taken away a moment ago is not taken for granted again by the next operator',
    {
      setup: { ...plain, staleMs: 20_000 },
      story: [
        { do: 'request', which: 0, items: [], permissions: ['Read'], draft: false, expiresIn: 400_000 },
        { do: 'approve', which: 0, second: false, rejects: false, items: [], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 405_000 },
        { do: 'crash', at: 'aws', phase: 'before', after: 0, downFor: 0 },
        { do: 'request', which: 0, items: [], permissions: ['Read'], draft: false, expiresIn: null },
      ],
      seed: 0,
    },
  ],
  [
    'what was narrowed and widened again in the same second is written again',
    {
      setup: { ...plain, drift: 'Report', staleMs: 300 },
      story: [
        { do: 'request', which: 0, items: [], permissions: ['Read', 'Modify'], draft: false, expiresIn: null },
        { do: 'approve', which: 0, second: false, rejects: false, items: [], permissions: ['Read', 'Modify'], expiresIn: null },
        { do: 'wait', ms: 5000 },
        { do: 'approve', which: 0, second: false, rejects: false, items: [], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 0 },
        { do: 'approve', which: 0, second: false, rejects: false, items: [], permissions: ['Read', 'Modify'], expiresIn: null },
        { do: 'rest' },
      ],
      seed: 0,
    },
  ],
  [
    'a role that was made again after its share had ended gets nothing by the old consent',
    {
      setup: { ...plain, folders: 2 },
      story: [
        { do: 'request', which: 0, items: [], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'approve', which: 0, second: false, rejects: false, items: [], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 5000 },
        { do: 'iamRole', which: 0, becomes: 'another' },
        { do: 'request', which: 0, items: [true, false, false, false], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'crash', at: 'aws', phase: 'before', after: 0, downFor: 0 },
        { do: 'request', which: 0, items: [], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'fault', kind: 'throttle', after: 0, times: 1 },
        { do: 'wait', ms: 4000000 },
      ],
      seed: 0,
    },
  ],
  [
    'items that wait for a claim hear of it, also where nothing else has changed',
    {
      setup: { ...plain, buckets: 2, roles: 2 },
      story: [
        { do: 'request', which: 0, items: [true, false, false, false], permissions: ['Read'], draft: false, expiresIn: null },
        {
          do: 'approve',
          which: 0,
          second: false,
          rejects: false,
          items: [true, false, false, false],
          permissions: ['Read'],
          expiresIn: null,
        },
        { do: 'wait', ms: 5000 },
        { do: 'request', which: 0, items: [], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'doors', claimed: false, admitted: true },
        { do: 'approve', which: 0, second: true, rejects: false, items: [], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 0 },
        { do: 'doors', claimed: true, admitted: true },
        { do: 'approve', which: 1, second: false, rejects: false, items: [], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 0 },
        { do: 'apiFault', loses: false, after: 0 },
        { do: 'wait', ms: 0 },
      ],
      seed: 0,
    },
  ],
  [
    'an approval says that it has no effect any more, also where only its share has ended',
    {
      setup: plain,
      story: [
        { do: 'request', which: 0, items: [], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'approve', which: 0, second: false, rejects: false, items: [], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 5000 },
        { do: 'iamRole', which: 0, becomes: 'another' },
      ],
      seed: 0,
    },
  ],
  [
    'everybody hears of a principal that is gone, whoever has noticed it',
    {
      setup: { ...plain, buckets: 2 },
      story: [
        { do: 'request', which: 1, items: [], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'approve', which: 1, second: false, rejects: false, items: [], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 5000 },
        { do: 'request', which: 0, items: [], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'iamRole', which: 0, becomes: 'gone' },
        { do: 'approve', which: 0, second: false, rejects: true, items: [], permissions: ['Read'], expiresIn: null },
      ],
      seed: 0,
    },
  ],
  [
    'what is held as it is says the same after a restart',
    {
      setup: { ...plain, staleMs: 20000 },
      story: [
        { do: 'request', which: 0, items: [], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'approve', which: 0, second: false, rejects: false, items: [], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 5000 },
        { do: 'doors', claimed: false, admitted: true },
        { do: 'fault', kind: 'throttle', after: 0, times: 1 },
      ],
      seed: 0,
    },
  ],
  [
    'an approval says that it has no effect any more, also where the cache does not show yet that it said it has one',
    {
      setup: { ...plain, roles: 2, watchLagMs: 900 },
      story: [
        { do: 'request', which: 1, items: [], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'approve', which: 1, second: false, rejects: false, items: [], permissions: ['Read'], expiresIn: null },
        { do: 'approve', which: 0, second: true, rejects: false, items: [], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 5000 },
        { do: 'request', which: 0, items: [], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'deleteRequest', which: 0, propagation: 'Background' },
        { do: 'wait', ms: 0 },
      ],
      seed: 0,
    },
  ],
  [
    'an owner sees what the request says now, also where it changed twice before the cache showed the first change',
    {
      setup: { ...plain, watchLagMs: 900, late: 'receivedshares' },
      story: [
        { do: 'request', which: 0, items: [], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'wait', ms: 5000 },
        { do: 'request', which: 0, items: [], permissions: ['Read'], draft: true, expiresIn: null },
        { do: 'wait', ms: 100 },
        { do: 'request', which: 0, items: [], permissions: ['Read'], draft: false, expiresIn: null },
      ],
      seed: 0,
    },
  ],
  [
    'nobody is called Ready on an old copy of our own write, which somebody else has overwritten and we have written again without him',
    {
      setup: { ...plain, buckets: 2, roles: 2, staleMs: 20000, foreign: ['none', 'nearlyFull', 'none'] },
      story: [
        { do: 'request', which: 0, items: [], permissions: ['Read', 'Write', 'Modify'], draft: false, expiresIn: null },
        {
          do: 'approve',
          which: 0,
          second: false,
          rejects: false,
          items: [],
          permissions: ['Read', 'Write', 'Modify'],
          expiresIn: null,
        },
        { do: 'foreignBucket', which: 1, how: 'add' },
        { do: 'doors', claimed: true, admitted: true },
        { do: 'approve', which: 3, second: false, rejects: false, items: [], permissions: ['Read'], expiresIn: null },
        { do: 'role', which: 0 },
        { do: 'request', which: 3, items: [], permissions: ['Read'], draft: false, expiresIn: null },
      ],
      seed: 0,
    },
  ],
  [
    'an item that is let go of is deleted, also where the answer to its last status was lost',
    {
      setup: { ...plain, watchLagMs: 900 },
      story: [
        { do: 'request', which: 0, items: [], permissions: ['Read'], draft: false, expiresIn: null },
        { do: 'approve', which: 0, second: false, rejects: false, items: [], permissions: ['Read'], expiresIn: null },
        { do: 'wait', ms: 5000 },
        { do: 'approve', which: 0, second: false, rejects: true, items: [], permissions: ['Read'], expiresIn: null },
        { do: 'apiFault', loses: true, after: 0 },
        { do: 'request', which: 0, items: [], permissions: ['Read'], draft: false, expiresIn: null },
      ],
      seed: 694529,
    },
  ],
];

it.each(found)('%s', async (_title, plan) => {
  await play(plan);
});
