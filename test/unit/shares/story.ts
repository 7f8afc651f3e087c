/**
 * One ShareItem through time: what people write and what AWS holds are set by the test, each step decides and records the outcome, as the controller does.
 * Tests only.
 */
import { recorded, standingFor } from '../../../scripts/lifecycle/bookkeeping.ts';
import type { Dataset, ShareApproval, ShareItem, ShareRequest } from '../../../src/api/index.ts';
import { decide, type Decision, type DecisionInput } from '../../../src/shares/decide.ts';
import { limitsOf } from '../../../src/controllers/gather.ts';
import type { Resolution } from '../../../src/shares/resolution.ts';
import { resolveItem } from '../../../src/shares/resolve.ts';
import {
  aBucketCase,
  aDataset,
  anItem,
  analystsId,
  aPlatform,
  aRequest,
  aRole,
  aRoleCase,
  beginning,
} from '../../support/builders.ts';

/** What a story is told with. Everything may be changed between steps. */
export interface Story {
  item: ShareItem;
  request: ShareRequest | undefined;
  dataset: Dataset;
  approvals: ShareApproval[];
  role: ReturnType<typeof aRole>;
  uniqueId: string;
  /** Instead of what the objects resolve to. */
  resolution: Resolution | undefined;
  /** Seconds since the beginning. */
  now: number;
  /** Decides and records. */
  step(): Decision;
  /** Lets AWS do all that was decided, and decides until nothing changes. */
  settle(): Decision;
  /** What the objects resolve to now. */
  resolve(): Resolution;
  input(): DecisionInput;
}

/** A story that begins with a request and no approval. */
export function createStory(start: Partial<Pick<Story, 'request' | 'dataset' | 'approvals' | 'item' | 'role'>> = {}): Story {
  const done = { cleared: new Set<string>(), applied: new Set<string>() };
  const story: Story = {
    item: anItem(),
    request: aRequest(),
    dataset: aDataset(),
    approvals: [],
    role: aRole(),
    uniqueId: analystsId,
    resolution: undefined,
    now: 0,
    ...start,
    resolve: () => story.resolution ?? resolutionOf(story),
    input: () => inputOf(story, done),
    step: () => {
      const decision = decide(story.input());
      story.item = recorded(story.item, decision);
      return decision;
    },
    settle: () => {
      for (let turn = 0; turn < 5; turn++) {
        story.step();
        const entries = story.item.spec.resolved;
        done.cleared = new Set(entries.filter(({ state }) => state === 'Revoking').map(({ id }) => id));
        done.applied = new Set(entries.filter(({ state }) => state !== 'Revoking').map(({ id }) => id));
      }
      const last = story.step();
      done.cleared = new Set();
      done.applied = new Set();
      return last;
    },
  };
  return story;
}

function resolutionOf(story: Story): Resolution {
  if (story.request === undefined) return { kind: 'gone', reason: 'DatasetNotAvailable', message: '', discard: true, lost: true };
  const bucket = story.dataset.spec.buckets.find(({ name }) => name === story.item.spec.name);
  return resolveItem(
    {
      request: story.request,
      type: story.item.spec.type,
      name: story.item.spec.name,
      dataset: story.dataset,
      bucketCase: bucket === undefined ? undefined : aBucketCase({ dataset: story.dataset, bucket }),
      roleCase: aRoleCase({ role: story.role, seen: { kind: 'found', value: { uniqueId: story.uniqueId, tags: {} } } }),
      recorded: [],
      targetKeys: () => ['bucket', 'policy'],
    },
    aPlatform(),
  );
}

function inputOf(
  story: Story,
  done: { readonly cleared: ReadonlySet<string>; readonly applied: ReadonlySet<string> },
): DecisionInput {
  const { item, request, dataset } = story;
  return {
    item,
    request,
    limits: limitsOf(dataset),
    resolution: story.resolve(),
    standing: standingFor(story, item, 'team-analytics'),
    ...done,
    withdrawalSeen: true,
    removalHeld: () => false,
    now: beginning + story.now * 1000,
  };
}
