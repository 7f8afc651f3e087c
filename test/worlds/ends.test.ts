/**
 * Ends that were agreed on, in the whole operator on a virtual clock: what the data plane lets happen is asked after every single write. What is decided about ends
 * is in test/unit/shares/decide-time.test.ts; random worlds have ends as well.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { ShareItem } from '../../src/api/index.ts';
import { accessIn, holds, right } from './access.ts';
import { breakShared, leftIn } from './by-hand.ts';
import { approvalManifest, requestManifest } from './manifests.ts';
import { plain } from './plain.ts';
import { apply, createScene, type Scene, type Setup } from './scene.ts';

const setup: Setup = { ...plain, buckets: 2, folders: 1, encrypted: [true, false, false], foreign: ['some', 'none', 'none'] };
const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000];
/** The operator meets a document, grants, takes back: each well within this. */
const soonMs = 20_000;

const scenes: Scene[] = [];
afterEach(() => {
  for (const scene of scenes.splice(0)) scene.life.end();
});

interface Asking {
  readonly items: readonly boolean[];
  readonly ends?: number;
}

/** A world with a running operator, its people, and a witness who asks the data plane after each write. */
async function world(patch: Partial<Setup> = {}) {
  const scene = createScene({ ...setup, ...patch }, 1);
  scenes.push(scene);
  const begins = scene.clock.now();
  const at = (ms: number): string => new Date(begins + ms).toISOString().replace(/\.\d+Z$/, 'Z');
  const asked = ({ items, ends }: Asking) => ({
    items,
    permissions: ['Read'] as const,
    ...(ends === undefined ? {} : { expireTime: at(ends) }),
  });
  const reads = (place: number): boolean => holds(accessIn(scene), right(0, place, 'Read'));
  const seen: boolean[] = [];
  scene.aws.onCall(({ phase, readOnly }) => {
    if (phase === 'after' && !readOnly) seen.push(reads(0));
  });
  scene.start();
  await scene.clock.advance(soonMs);
  return {
    scene,
    at,
    reads,
    /** What role 0 could read of the first bucket after each write since it was last asked. */
    seenReading: (): boolean[] => seen.splice(0),
    request: (what: Asking) => apply(scene, 'sharerequests', requestManifest(scene, 0, asked(what))),
    approve: (what: Asking & { readonly rejectedFrom?: number }) => {
      const approval = approvalManifest(scene, 0, { ...asked(what), second: false, rejects: false });
      const { rejectedFrom } = what;
      const extension = rejectedFrom === undefined ? {} : { extension: { rejectedExpireTime: at(rejectedFrom) } };
      apply(scene, 'shareapprovals', { ...approval, spec: { ...(approval.spec as object), ...extension } });
    },
    advanceTo: (ms: number) => scene.clock.advance(begins + ms - scene.clock.now()),
    writes: () => scene.aws.calls.writes().filter(({ operation }) => operation !== 'AssumeRole'),
    item: (name: string) => (scene.api.objects.list('shareitems') as readonly ShareItem[]).find(({ spec }) => spec.name === name),
  };
}

const first = { items: [true] };
const firstAndSecond = { items: [true, true] };

type World = Awaited<ReturnType<typeof world>>;

/** Access was lost once, and never came back. */
function isOver(seen: readonly boolean[]): boolean {
  const lost = seen.indexOf(false);
  return lost !== -1 && !seen.slice(lost).includes(true);
}

describe('an end', () => {
  it('comes to the second, while another item waits for its owner', async () => {
    const it = await world();
    it.request(firstAndSecond);
    it.approve({ ...first, ends: hourMs });
    await it.advanceTo(hourMs - 1000);
    expect([it.reads(0), it.reads(1)]).toEqual([true, false]);
    expect(it.seenReading().at(-1)).toBe(true);
    await it.advanceTo(hourMs + 5000);
    expect(it.reads(0)).toBe(false);
    expect(it.item('acme-orders')?.status?.phase).toBe('RevokeSucceeded');
    expect(it.item('acme-orders-2')?.status?.phase).toBe('PendingApproval');
  });

  it('that AWS refuses at first is tried until nothing is left, and nothing is given again meanwhile', async () => {
    const it = await world();
    it.request(first);
    it.approve({ ...first, ends: hourMs });
    await it.advanceTo(hourMs - 1000);
    it.seenReading();
    it.scene.aws.faults.add({ kind: 'error', code: 'InternalError', status: 500, times: 12 });
    await it.advanceTo(hourMs + 30 * minuteMs);
    expect(it.scene.aws.faults.list()).toEqual([]);
    expect(it.reads(0)).toBe(false);
    expect(isOver(it.seenReading())).toBe(true);
    expect(it.item('acme-orders')?.status?.phase).toBe('RevokeSucceeded');
  });
});

describe('an operator that was away when the end came', () => {
  const away = async () => {
    const it = await world();
    it.request(first);
    it.approve({ ...first, ends: dayMs });
    await it.advanceTo(minuteMs);
    expect(it.reads(0)).toBe(true);
    it.scene.life.end();
    return it;
  };
  const comeBack = async (it: World, ms: number): Promise<void> => {
    await it.advanceTo(ms);
    it.seenReading();
    it.scene.aws.calls.reset();
    it.scene.start();
    await it.advanceTo(ms + soonMs);
  };

  it('takes access back within seconds, however long ago it ended', async () => {
    const it = await away();
    await comeBack(it, 40 * dayMs);
    expect(it.reads(0)).toBe(false);
    expect(isOver(it.seenReading())).toBe(true);
    expect(it.item('acme-orders')?.spec.consent?.ended).toMatchObject({ time: it.at(40 * dayMs), reason: 'Expired' });
  });

  it('repairs nothing before that: who could not read any more can not for a moment', async () => {
    const it = await away();
    expect(breakShared(it.scene, { kind: 'bucket', name: 'acme-orders' }, 'removeAll')).toBe(true);
    expect(it.reads(0)).toBe(false);
    await comeBack(it, 2 * dayMs);
    expect(it.writes().length).toBeGreaterThan(0);
    expect(it.seenReading()).not.toContain(true);
    expect(leftIn(it.scene, () => false)).toEqual([]);
  });

  it('writes nothing where a later end was approved meanwhile, even after the old one', async () => {
    const it = await away();
    await it.advanceTo(2 * dayMs);
    it.approve({ ...first, ends: 60 * dayMs });
    await comeBack(it, 3 * dayMs);
    expect(it.reads(0)).toBe(true);
    expect(it.writes()).toEqual([]);
    expect(it.item('acme-orders')?.spec.consent).toMatchObject({ expireTime: it.at(60 * dayMs) });
  });

  it('gives nothing that was approved meanwhile and has ended by now', async () => {
    const it = await away();
    it.request(firstAndSecond);
    it.approve({ ...firstAndSecond, ends: 2 * dayMs });
    await comeBack(it, 3 * dayMs);
    expect([it.reads(0), it.reads(1)]).toEqual([false, false]);
    expect(it.item('acme-orders-2')?.status?.phase).toBe('PendingApproval');
  });
});

describe('an extension', () => {
  const asking = async () => {
    const it = await world();
    it.request({ ...first, ends: hourMs });
    it.approve({ ...first, ends: hourMs });
    await it.advanceTo(minuteMs);
    it.seenReading();
    it.scene.aws.calls.reset();
    it.request({ ...first, ends: 3 * hourMs });
    await it.advanceTo(2 * minuteMs);
    expect(it.item('acme-orders')?.status?.phase).toBe('PendingExtension');
    return it;
  };
  const extended = { ...first, ends: 3 * hourMs };

  it('that is approved interrupts nothing and writes nothing: the old end passes, the new one comes', async () => {
    const it = await asking();
    it.approve(extended);
    await it.advanceTo(hourMs + 10 * minuteMs);
    expect(it.reads(0)).toBe(true);
    expect(it.item('acme-orders')?.status).toMatchObject({ phase: 'ShareSucceeded', expireTime: it.at(3 * hourMs) });
    await it.advanceTo(3 * hourMs - 1000);
    expect(it.reads(0)).toBe(true);
    expect(it.writes()).toEqual([]);
    await it.advanceTo(3 * hourMs + 5000);
    expect(it.reads(0)).toBe(false);
  });

  it('that is approved in the last second is in time', async () => {
    const it = await asking();
    await it.advanceTo(hourMs - 1000);
    it.approve(extended);
    await it.advanceTo(2 * hourMs);
    expect(it.reads(0)).toBe(true);
    expect(it.writes()).toEqual([]);
  });

  it('that is rejected changes nothing until the old end, which comes', async () => {
    const it = await asking();
    it.approve({ ...first, ends: hourMs, rejectedFrom: 3 * hourMs });
    await it.advanceTo(hourMs - 1000);
    expect(it.reads(0)).toBe(true);
    expect(it.writes()).toEqual([]);
    expect(it.item('acme-orders')?.status?.phase).toBe('ShareSucceeded');
    await it.advanceTo(hourMs + 5000);
    expect(it.reads(0)).toBe(false);
  });

  it('that nobody answers ends at the old end; approved afterwards, it is given again', async () => {
    const it = await asking();
    await it.advanceTo(hourMs + 5000);
    expect(it.reads(0)).toBe(false);
    it.approve(extended);
    await it.advanceTo(hourMs + minuteMs);
    expect(it.reads(0)).toBe(true);
    expect(it.item('acme-orders')?.status).toMatchObject({ phase: 'ShareSucceeded', expireTime: it.at(3 * hourMs) });
  });

  it('that is approved while the operator is killed again and again is not missed, and no access is lost', async () => {
    const it = await asking();
    it.approve(extended);
    for (let restart = 0; restart < 5; restart++) {
      it.scene.life.end();
      it.scene.start();
      await it.scene.clock.advance(100 * (restart + 1));
    }
    await it.advanceTo(2 * hourMs);
    expect(it.reads(0)).toBe(true);
    expect(it.writes()).toEqual([]);
  });
});
