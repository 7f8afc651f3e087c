/**
 * One request through time, as the request controller sees it: people's objects are changed by the test, the item is really decided, AWS does what the test says.
 * Tests only.
 */
import type { Condition } from '../../../src/api/index.ts';
import { stampConditions } from '../../../src/controllers/status.ts';
import { newsOf, type NewsNow } from '../../../src/notify/news.ts';
import { reportItem, type TargetState } from '../../../src/shares/report.ts';
import { reportRequest, type RequestSummary } from '../../../src/shares/request-report.ts';
import { beginning } from '../../support/builders.ts';
import { createStory, type Story } from '../shares/story.ts';

/** What AWS says of every document of the item. */
export type Aws = Partial<Pick<TargetState, 'state' | 'reason' | 'message' | 'missing' | 'excess'>>;

/** The request. */
export interface RequestWorld {
  readonly story: Story;
  aws: Aws;
  /** What everybody has been told. */
  readonly told: Set<string>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Sums the request up as it is now, with conditions as the status keeps them. */
  sum(): { readonly summary: RequestSummary; readonly conditions: readonly Condition[] };
  /** What there is to tell, told or not. */
  look(): NewsNow;
  /** What is new since the last call, by kind; it counts as told. */
  hear(): string[];
  /** Lets AWS do what was decided, and hears. */
  hearOnceSettled(): string[];
}

/** A world that begins with a request and no approval. */
export function createRequestWorld(start: Parameters<typeof createStory>[0] = {}): RequestWorld {
  const story = createStory(start);
  let status: readonly Condition[] = [];
  const world: RequestWorld = {
    story,
    aws: { state: 'Applied' },
    told: new Set(),
    now: () => beginning + story.now * 1000,
    sum: () => {
      const summary = summarize(world);
      status = stampConditions(summary.conditions, status, { generation: 1, now: world.now() });
      return { summary, conditions: status };
    },
    look: () => newsOf({ ...world.sum(), told: world.told, now: world.now() }),
    hear: () => {
      const fresh = world.look().news.filter(({ mark }) => !world.told.has(mark));
      for (const { mark } of fresh) world.told.add(mark);
      return fresh.map(({ kind }) => kind);
    },
    hearOnceSettled: () => {
      story.settle();
      return world.hear();
    },
  };
  return world;
}

function summarize({ story, aws }: RequestWorld): RequestSummary {
  const decision = story.step();
  const { item, request, approvals } = story;
  if (request === undefined) throw new RangeError('the request of this world is gone');
  const entries = decision.resolved.map((entry) => ({
    entry,
    targets: entry.targets.map((target): TargetState => ({
      target,
      state: 'Applied',
      missing: [],
      excess: [],
      observedAt: beginning,
      ...aws,
    })),
  }));
  const report = reportItem({ decision, entries, reportOnly: false, label: `${item.spec.type} ${item.spec.name}` });
  if (report === undefined) throw new RangeError('nothing is decided in this world');
  const asked = request.spec.items.map((each) => ({ ...each, resolution: story.resolve() }));
  return reportRequest({ request, items: [{ item, decision, report }], asked, invalid: [], approvals });
}
