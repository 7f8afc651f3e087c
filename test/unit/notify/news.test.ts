/** What people are told of a request, and that they are told once: news is found in records alone, whoever looks and how often. */
import { describe, expect, it } from 'vitest';
import { newsLimit, withdrawn } from '../../../src/notify/news.ts';
import { reminderDays } from '../../../src/notify/reminders.ts';
import {
  aDataset,
  allowing,
  anApproval,
  aRejection,
  aRequest,
  changed,
  day,
  deleting,
  sharing,
  spec,
  time,
} from '../../support/builders.ts';
import { createRequestWorld, type RequestWorld } from './world.ts';

const until = (seconds: number) => spec<ReturnType<typeof anApproval>>({ expireTime: time(seconds) });
const asksUntil = (seconds: number) => spec<ReturnType<typeof aRequest>>({ expireTime: time(seconds) });

/** A share that everybody has heard of. */
function live(...modifiers: Parameters<typeof anApproval>): RequestWorld {
  const world = createRequestWorld({ approvals: [anApproval(...modifiers)] });
  world.story.settle();
  world.hear();
  return world;
}

describe('the way to a share', () => {
  it('is told as submitted, approved and granted, each once', () => {
    const world = createRequestWorld();
    expect(world.hear()).toEqual(['Submitted']);
    expect(world.hear()).toEqual([]);
    world.story.approvals = [anApproval()];
    world.aws = { state: 'Unknown' };
    expect(world.hear()).toEqual(['Approved']);
    world.aws = { state: 'Applied' };
    expect(world.hearOnceSettled()).toEqual(['Succeeded']);
    world.story.now = 90 * day;
    expect(world.hear()).toEqual([]);
  });

  it('says who approved, for what purpose it was asked for, and for which items', () => {
    const world = createRequestWorld({ request: aRequest(spec({ purpose: 'Weekly report' })) });
    expect(world.look().news).toMatchObject([{ items: ['Bucket acme-orders'], message: 'purpose: Weekly report' }]);
    world.story.approvals = [anApproval(until(day))];
    world.story.now = 10;
    expect(world.look().news[0]).toMatchObject({
      kind: 'Approved',
      message: 'approved by ShareApproval yes',
      time: time(10),
      expireTime: time(day),
    });
  });

  it("says where the Dataset's own rules approved, and nobody had to be asked", () => {
    const world = createRequestWorld({ dataset: aDataset(sharing({ approval: 'Automatic' })) });
    expect(world.hearOnceSettled()).toEqual(['Approved', 'Succeeded']);
    expect(world.look().news[0]?.message).toBe("approved by the Dataset's own rules");
  });

  it('of a draft there is nothing to tell', () => {
    expect(createRequestWorld({ request: aRequest(spec({ state: 'Draft' })) }).hear()).toEqual([]);
  });

  it('a request that is changed while it waits is submitted anew', () => {
    const world = createRequestWorld();
    world.hear();
    world.story.request = changed(aRequest(), spec({ permissions: ['Read', 'Write'] }));
    expect(world.hear()).toEqual(['Submitted']);
  });

  it('a rejection is told with its reason, and once though the rejection stays', () => {
    const world = createRequestWorld();
    world.hear();
    world.story.approvals = [aRejection()];
    expect(world.look().news[0]?.message).toContain('not this quarter');
    expect(world.hear()).toEqual(['Rejected']);
    expect(world.hear()).toEqual([]);
    world.story.approvals = [changed(aRejection(), spec({ reason: 'nor the next' }))];
    expect(world.hear()).toEqual(['Rejected']);
  });

  it('an approval that is edited to no effect is no news, and one that gives more is', () => {
    const world = live();
    world.story.approvals = [changed(anApproval(), spec({ reason: 'as discussed' }))];
    expect(world.hearOnceSettled()).toEqual([]);
    world.story.request = changed(aRequest(), spec({ permissions: ['Read', 'Write'] }));
    world.hear();
    world.story.approvals = [changed(changed(anApproval()), allowing(['Read', 'Write']))];
    expect(world.hearOnceSettled()).toEqual(['Approved', 'Succeeded']);
  });

  it('a failure is told once for each reason, however often it is retried, and again after it has worked in between', () => {
    const world = createRequestWorld({ approvals: [anApproval()] });
    const denied = { state: 'Failed', reason: 'AccessDenied', message: 'AWS says no' } as const;
    world.aws = denied;
    world.story.step();
    expect(world.hear()).toEqual(['Approved', 'Failed']);
    world.aws = { state: 'Pending' };
    expect(world.hear()).toEqual([]);
    world.aws = denied;
    expect(world.hear()).toEqual([]);
    world.aws = { ...denied, reason: 'PolicySizeLimit' };
    expect(world.hear()).toEqual(['Failed']);
    world.aws = { state: 'Applied' };
    world.story.now = 60;
    expect(world.hearOnceSettled()).toEqual(['Succeeded']);
    world.aws = denied;
    world.story.now = 120;
    expect(world.hear()).toEqual(['Failed']);
  });
});

describe('the end of a share', () => {
  it('is told as revoked when consent is withdrawn, at once and not again when all is taken back', () => {
    const world = live();
    world.story.approvals = [];
    expect(world.hear()).toEqual(['Revoked']);
    expect(world.hearOnceSettled()).toEqual([]);
  });

  it('is told as revoked, and not as rejected beside that, when a share in force is rejected', () => {
    const world = live();
    world.story.approvals = [anApproval(), aRejection()];
    expect(world.hear()).toEqual(['Revoked']);
    expect(world.hearOnceSettled()).toEqual([]);
  });

  it('is told again when what was revoked is granted and revoked anew', () => {
    const world = live();
    world.story.approvals = [];
    world.hearOnceSettled();
    world.story.now = 100;
    const again = { ...anApproval(), metadata: { ...anApproval().metadata, uid: 'uid-again', creationTimestamp: time(100) } };
    world.story.approvals = [again];
    expect(world.hearOnceSettled()).toEqual(['Approved', 'Succeeded']);
    world.story.approvals = [];
    expect(world.hearOnceSettled()).toEqual(['Revoked']);
  });

  it('is told as expired at the end that was approved', () => {
    const world = live(until(6 * 3600));
    world.story.now = 6 * 3600;
    expect(world.hear()).toEqual(['Expired']);
    expect(world.hearOnceSettled()).toEqual([]);
  });

  it('what the requester takes out of his request is no news, and what the Dataset no longer offers is', () => {
    const world = live();
    world.story.request = changed(aRequest(), spec({ items: [{ type: 'Bucket', name: 'acme-other' }] }));
    expect(world.hear()).toEqual([]);
    expect(world.story.item.spec.consent?.ended?.reason).toBe('Removed');
    const other = live();
    other.story.dataset = changed(aDataset(), spec({ buckets: [] }));
    expect(other.hear()).toEqual(['Revoked']);
  });

  it('a request that is being deleted has one piece of news, when it is gone', () => {
    const world = live();
    world.story.request = aRequest(deleting());
    expect(world.hear()).toEqual([]);
    expect(withdrawn.mark).toBe('Withdrawn');
  });
});

describe('reminders', () => {
  it('come 30, 14, 7, 3 and 1 days before the end, each once', () => {
    const world = live(until(60 * day));
    const heard: number[] = [];
    for (let at = 0; at < 60; at += 0.5) {
      world.story.now = at * day;
      if (world.hear().includes('ExpiringSoon')) heard.push(60 - at);
    }
    expect(heard).toEqual([...reminderDays]);
  });

  it('are due exactly then: the next look is asked for', () => {
    const world = live(until(60 * day));
    expect(world.look().dueAt).toBe(Date.parse(time(30 * day)));
    world.story.now = 30 * day;
    expect(world.look().dueAt).toBe(Date.parse(time(46 * day)));
    world.story.now = 59 * day;
    expect(world.look().dueAt).toBeUndefined();
  });

  it('that were missed come as one', () => {
    const world = live(until(60 * day));
    world.story.now = 58 * day;
    expect(world.look().news.filter(({ kind }) => kind === 'ExpiringSoon')).toMatchObject([
      { mark: `ExpiringSoon/${time(60 * day)}/3`, time: time(57 * day), expireTime: time(60 * day) },
    ]);
  });

  it('say nothing of days that had passed when the share was granted', () => {
    const world = live(until(5 * day));
    expect(world.hear()).toEqual([]);
    world.story.now = 2 * day;
    expect(world.hear()).toEqual(['ExpiringSoon']);
  });
});

describe('an extension', () => {
  const first = 10 * day;
  const asking = (): RequestWorld => {
    const world = createRequestWorld({ request: aRequest(asksUntil(first)), approvals: [anApproval(until(first))] });
    world.story.settle();
    world.hear();
    world.story.request = changed(aRequest(asksUntil(first)), asksUntil(2 * first));
    expect(world.hearOnceSettled()).toEqual(['ExtensionRequested']);
    return world;
  };

  it('is told as asked for and approved', () => {
    const world = asking();
    world.story.approvals = [changed(anApproval(until(first)), until(2 * first))];
    expect(world.hearOnceSettled()).toEqual(['ExtensionApproved']);
    expect(world.hear()).toEqual([]);
  });

  it('is told as rejected', () => {
    const world = asking();
    const extension = { rejectedExpireTime: time(2 * first), reason: 'no' };
    world.story.approvals = [changed(anApproval(until(first)), spec({ extension }))];
    expect(world.hearOnceSettled()).toEqual(['ExtensionRejected']);
  });

  it('that is no longer asked for was not approved', () => {
    const world = asking();
    world.story.request = changed(world.story.request ?? aRequest(), asksUntil(first));
    expect(world.hearOnceSettled()).toEqual([]);
  });
});

describe('health', () => {
  const missing = { state: 'Pending', reason: 'Drifted', message: 'gone', missing: ['a statement is gone'] } as const;

  it('is told when drift has lasted a minute, and again when all is well', () => {
    const world = live();
    world.aws = missing;
    world.story.now = 100;
    expect(world.hear()).toEqual([]);
    expect(world.look().dueAt).toBe(Date.parse(time(160)));
    world.story.now = 160;
    expect(world.hear()).toEqual(['Unhealthy']);
    world.aws = {};
    world.story.now = 200;
    expect(world.hear()).toEqual(['Repaired']);
    expect(world.hear()).toEqual([]);
  });

  it('that came back before the minute was over is no news', () => {
    const world = live();
    world.aws = missing;
    world.story.now = 100;
    world.hear();
    world.aws = {};
    world.story.now = 130;
    expect(world.hear()).toEqual([]);
  });

  it('that goes twice is told twice', () => {
    const world = live();
    for (const start of [1000, 2000]) {
      world.aws = missing;
      world.story.now = start;
      world.hear();
      world.story.now = start + 60;
      expect(world.hear()).toEqual(['Unhealthy']);
      world.aws = {};
      world.story.now = start + 100;
      expect(world.hear()).toEqual(['Repaired']);
    }
  });
});

it('no request has more news at a time than the record keeps marks', () => {
  const world = live(until(10 * day));
  world.story.now = 9.5 * day;
  expect(world.look().news.length).toBeLessThanOrEqual(newsLimit);
});
