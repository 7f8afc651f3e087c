/**
 * What is told is recorded in the ReceivedShare after it was dealt with: nothing is told twice, not after a restart either, and nothing that was under way when the
 * operator died is lost.
 */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { nameHash } from '../../../src/policy/name-hash.ts';
import { anApproval, aRequest, changed, day, meta, spec, time } from '../../support/builders.ts';
import { audit, createNoticesWorld, owner, requester, type NoticesWorld } from './notices-world.ts';

let made: NoticesWorld;
beforeEach(() => {
  made = createNoticesWorld();
});

describe('what is told', () => {
  it('goes to both sides and the platform, at the addresses of the Dataset and the ConsumptionRole', async () => {
    expect(await made.tellAll()).toEqual(['owner Submitted', 'requester Submitted', 'webhook:audit Submitted']);
    expect(made.notify.asked).toEqual({ owner: ['owner@example.com'], requester: ['team@example.com'] });
    made.world.story.approvals = [anApproval()];
    made.world.story.settle();
    expect(await made.tellAll()).toEqual([
      'owner Approved',
      'requester Approved',
      'requester Succeeded',
      'webhook:audit Approved',
      'webhook:audit Succeeded',
    ]);
  });

  it('is not told again by a new process', async () => {
    await made.tellAll();
    made.restart();
    expect(await made.tellAll()).toEqual([]);
    expect(made.recorded()).toEqual([
      ['owner', 1],
      ['requester', 1],
      ['webhook:audit', 1],
    ]);
  });

  it('and was under way when the process died is told by the next one, under the same id', async () => {
    await made.reconcile();
    const ids = made.notify.waiting.map(({ notice }) => notice.id);
    await made.clock.advance(3_600_000);
    made.restart();
    await made.reconcile();
    expect(ids).toHaveLength(3);
    expect(made.notify.waiting.map(({ notice }) => notice.id)).toEqual(ids);
  });

  it('by one way and not yet by another is not repeated where it arrived', async () => {
    await made.reconcile();
    const hook = made.notify.waiting.splice(2);
    expect(made.notify.deliver()).toEqual(['owner Submitted', 'requester Submitted']);
    await made.reconcile();
    expect(hook).toHaveLength(1);
    made.restart();
    expect(await made.tellAll()).toEqual(['webhook:audit Submitted']);
  });

  it('is handed over once, however often the request is looked at, and costs one write', async () => {
    for (let round = 0; round < 5; round++) await made.reconcile();
    expect(made.notify.waiting).toHaveLength(3);
    made.notify.deliver();
    const { writes } = made;
    for (let round = 0; round < 5; round++) await made.reconcile();
    expect(made.writes).toBe(writes + 1);
  });

  it('and arrives while the record is being written is not told again', async () => {
    await made.reconcile();
    made.duringWrite = () => void made.notify.deliver();
    made.notify.deliver(1);
    for (let round = 0; round < 3; round++) await made.reconcile();
    made.notify.deliver();
    expect(new Set(made.delivered).size).toBe(made.delivered.length);
  });

  it('costs nothing where the installation sends nothing, and leaves no record', async () => {
    await made.tellAll();
    made.restartSilent();
    await made.reconcile();
    expect(made.received()?.spec.told).toBeUndefined();
    const { writes } = made;
    await made.reconcile();
    expect(made.writes).toBe(writes);
  });

  it('is not forgotten while the settings cannot be read', async () => {
    await made.tellAll();
    made.notify.channelsNow = undefined;
    expect(await made.tellAll()).toEqual([]);
    expect(made.recorded()).toHaveLength(3);
    made.notify.channelsNow = [owner, requester, audit];
    made.world.story.approvals = [anApproval()];
    expect(await made.tellAll()).toContain('owner Approved');
  });

  it('by a new way out begins with what comes after: nobody is sent the past', async () => {
    made.notify.channelsNow = [owner];
    await made.tellAll();
    made.notify.channelsNow = [owner, audit];
    expect(await made.tellAll()).toEqual([]);
    made.world.story.approvals = [anApproval()];
    expect(await made.tellAll()).toEqual(expect.arrayContaining(['webhook:audit Approved']));
  });

  it('of a request that is made again under the same name is told anew', async () => {
    await made.tellAll();
    made.world.story.request = aRequest(meta({ uid: 'uid-another' }));
    expect(await made.tellAll()).toEqual(['owner Submitted', 'requester Submitted', 'webhook:audit Submitted']);
  });

  it('is looked at again when a reminder falls due', async () => {
    made.world.story.approvals = [anApproval(spec({ expireTime: time(60 * day) }))];
    made.world.story.settle();
    await made.tellAll();
    expect(await made.reconcile()).toBe(Date.parse(time(30 * day)));
  });
});

describe('what could not be told', () => {
  it('is an Event on the side that should have heard, which names no server', async () => {
    await made.reconcile();
    for (const message of made.notify.waiting) message.undelivered('SMTP 550 EENVELOPE');
    const failures = made.events.filter(({ reason }) => reason === 'NotificationFailed');
    expect(failures.map(({ regarding, note }) => [regarding.kind, note])).toEqual([
      ['ReceivedShare', 'the message Submitted to the owner could not be delivered: SMTP 550 EENVELOPE'],
      ['ShareRequest', 'the message Submitted to the requester could not be delivered: SMTP 550 EENVELOPE'],
      ['ReceivedShare', 'the message Submitted to webhook audit could not be delivered: SMTP 550 EENVELOPE'],
    ]);
  });

  it('since the domain is not allowed is said once, with the addresses', async () => {
    made.notify.channelsNow = [{ ...requester, refused: ['a@evil.org'] }];
    await made.reconcile();
    await made.reconcile();
    const failures = made.events.filter(({ reason }) => reason === 'NotificationFailed');
    expect(failures).toMatchObject([
      { regarding: { kind: 'ShareRequest' }, note: expect.stringContaining('a@evil.org') as unknown },
    ]);
  });
});

describe('a request that is deleted', () => {
  const gone = (): Promise<void> => made.remove('gone');

  it('is told to the owner and the platform; until then its ReceivedShare stays, whatever process looks', async () => {
    await made.tellAll();
    await gone();
    expect(made.received()).toBeDefined();
    made.restart();
    made.notify.channelsNow = [owner, audit];
    await gone();
    expect(made.notify.deliver()).toEqual(['owner Withdrawn', 'webhook:audit Withdrawn']);
    await gone();
    expect(made.received()).toBeUndefined();
  });

  it('is told to nobody who had not heard of it, and nobody is waited for where nothing is sent', async () => {
    await made.reconcile();
    await gone();
    expect(made.received()).toBeUndefined();
    await made.tellAll();
    made.restartSilent();
    await gone();
    expect(made.received()).toBeUndefined();
  });

  it('whose Dataset is hidden from it now just loses its ReceivedShare', async () => {
    await made.tellAll();
    await made.remove('hidden');
    expect(made.received()).toBeUndefined();
  });
});

describe('Events', () => {
  it('of a new phase are on both sides, and on the Dataset where the owner has to decide', async () => {
    await made.reconcile();
    expect(made.events.map(({ regarding, reason }) => `${regarding.kind} ${reason}`)).toEqual([
      'ReceivedShare Submitted',
      'ShareRequest Submitted',
      'Dataset Submitted',
    ]);
    expect(made.events[2]?.related?.kind).toBe('ReceivedShare');
  });

  it('remind both sides once, within the hour in which the reminder falls due, with or without channels', async () => {
    made.restartSilent();
    made.world.story.approvals = [anApproval(spec({ expireTime: time(60 * day) }))];
    made.world.story.settle();
    await made.reconcile();
    const reminders = (): string[] =>
      made.events
        .filter(({ reason }) => reason === 'ExpiringSoon')
        .map(({ regarding, once = '' }) => `${regarding.kind} ${once}`);
    const at = async (seconds: number): Promise<void> => {
      await made.clock.advance(seconds * 1000 - (made.clock.now() - Date.parse(time(0))));
      made.world.story.now = seconds;
      await made.reconcile();
    };
    await at(30 * day);
    await at(30 * day + 60);
    const mark = `ExpiringSoon/${time(60 * day)}/30`;
    expect(reminders()).toEqual([`ShareRequest ${mark}`, `ReceivedShare ${mark}`]);
    made.restart();
    await at(30 * day + 120);
    await at(30 * day + 7200);
    // The new process tells the same again, under a name that the API server has already.
    expect(new Set(reminders()).size).toBe(2);
    await at(46 * day);
    expect(new Set(reminders()).size).toBe(4);
  });
});

describe('whatever happens, and whenever the operator dies', () => {
  type Step = 'approve' | 'withdraw' | 'ask' | 'reconcile' | 'deliver one' | 'deliver' | 'lag' | 'crash';
  const steps = fc.array(
    fc.constantFrom<Step>('approve', 'withdraw', 'ask', 'reconcile', 'reconcile', 'deliver one', 'deliver', 'lag', 'crash'),
    { maxLength: 40 },
  );

  it('what holds in the end was told by each way out, and only what was delivered and not yet recorded when it died was told twice', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (story) => {
        const all = createNoticesWorld();
        const excused = new Set<string>();
        since = 0;
        all.duringWrite = () => void (story.length % 2 === 0 && all.notify.deliver(1));
        for (const [index, step] of story.entries()) await play(all, { step, index, excused });
        all.lagging = false;
        await all.tellAll();
        const holding = all.world.look().news.filter(({ kind }) => kind !== 'Succeeded');
        const uid = all.world.story.request?.metadata.uid ?? '';
        const due = holding.flatMap(({ mark }) =>
          [owner, requester, audit].map(({ name }) => `${name} ${nameHash(26, uid, mark)}`),
        );
        expect(due.filter((each) => !all.delivered.includes(each))).toEqual([]);
        const repeated = all.delivered.filter((each, index) => all.delivered.indexOf(each) !== index);
        expect(repeated.filter((each) => !excused.has(each))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  /** Up to here everything that was delivered is recorded: what arrives while the record is written is not in it. */
  let since = 0;
  async function reconcileAndRecord(all: NoticesWorld): Promise<void> {
    const before = all.delivered.length;
    await all.reconcile();
    if (!all.lagging) since = before;
  }

  async function play(
    all: NoticesWorld,
    { step, index, excused }: { readonly step: Step; readonly index: number; readonly excused: Set<string> },
  ): Promise<void> {
    const { story } = all.world;
    story.now = index * 2;
    switch (step) {
      case 'approve':
        story.approvals = [anApproval(meta({ uid: `uid-${String(index)}`, creationTimestamp: time(story.now) }))];
        break;
      case 'withdraw':
        story.approvals = [];
        break;
      case 'ask':
        story.request = changed(story.request ?? aRequest());
        break;
      case 'reconcile':
        story.settle();
        await reconcileAndRecord(all);
        break;
      case 'deliver one':
        all.notify.deliver(1);
        break;
      case 'deliver':
        all.notify.deliver();
        break;
      case 'lag':
        all.lagging = !all.lagging;
        break;
      case 'crash':
        for (const each of all.delivered.slice(since)) excused.add(each);
        // A new process lists everything anew.
        all.lagging = false;
        all.restart();
    }
  }
});
