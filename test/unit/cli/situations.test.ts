/**
 * `kubectl share why` in each situation of docs/troubleshooting.md: it is brought about beside a running operator, and the first cause that is told is the true one, with who has to act and
 * the next step. What the page lists and is not here is named with the test that has it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { explainReason, isReason } from '../../../src/api/index.ts';
import { awsSituations } from './situations/aws.ts';
import { consentSituations } from './situations/consent.ts';
import { dataSituations } from './situations/data.ts';
import { createHands, owner, requester, type Hands } from './situations/hands.ts';
import { platformSituations } from './situations/platform.ts';
import { ask } from './situations/situation.ts';

const situations = [...platformSituations, ...consentSituations, ...dataSituations, ...awsSituations];

/** What the page lists and is not brought about here, and where it is. */
const elsewhere: Readonly<Record<string, string>> = {
  // Another object is not Ready: why goes on to that one, and tells its reason first.
  DatasetNotReady: 'test/unit/cli/why.test.ts',
  EnvironmentNotReady: 'test/unit/cli/why.test.ts',
  // It is noted by the real clients.
  PermissionsMissing: 'test/cluster/aws-wars.test.ts',
  // It takes more shares than one.
  MassRevoke: 'test/cluster/case-removal-guard.test.ts',
  LeftoversFound: 'test/cluster/case-force-delete.test.ts',
  OrphansFound: 'test/cluster/case-orphans.test.ts',
};

const scenes: Hands[] = [];
afterAll(() => {
  for (const { scene } of scenes) scene.life.end();
});

/** The owner reads the same in his own namespace; the Environment behind it is not his to read. */
async function expectSameForOwner(hands: Hands, reason: string): Promise<void> {
  const received = hands.scene.api.objects.list('receivedshares')[0]?.metadata.name;
  // For whom the Dataset does not exist, its owner does not hear of either.
  expect(received === undefined).toBe(reason === 'DatasetNotAvailable');
  if (received === undefined) return;
  const { out } = await hands.share(owner, `why receivedshare/${received}`);
  const behind = ['AssumeRoleDenied', 'ExternalIdMissing', 'AccountMismatch', 'OwnedByAnotherInstallation'].includes(reason);
  expect(/^1\. (\w+)/m.exec(out)?.[1], out).toBe(behind ? 'EnvironmentNotReady' : reason);
  expect(reason === 'PendingApproval' || !out.includes('. PendingApproval')).toBe(true);
}

describe('why tells the true cause first, who has to act, and how', () => {
  test.each(situations)(
    '$reason: $what',
    async ({ reason, setup, before = ask, after, wait = 60, ask: [namespace, object] = [requester, 'q0'] }) => {
      const hands = createHands(setup);
      scenes.push(hands);
      before(hands);
      hands.scene.start();
      if (after !== undefined) {
        await hands.wait(30);
        expect((await hands.share(requester, 'why q0')).code).toBe(0);
        await after(hands);
      }
      await hands.wait(wait);
      const { out } = await hands.share(namespace, `why ${object}`);
      const first = /^1\. (\w+)/m.exec(out)?.[1];
      expect(first, out).toBe(reason);
      const { actor, next } = explainReason(reason);
      const told = out.slice(0, out.indexOf('\n2. ') < 0 ? undefined : out.indexOf('\n2. '));
      expect(told).toContain(actor === 'nobody' ? `nobody has to act: ${next}` : `${actor}: ${next}`);
      // Nobody is told to decide who has decided, or what can't be decided yet.
      expect(reason === 'PendingApproval' || !out.includes('. PendingApproval')).toBe(true);
      expect(hands.scene.died).toBeUndefined();
      if (object === 'q0') await expectSameForOwner(hands, reason);
    },
  );
});

test('every situation that troubleshooting lists is one of these, or is brought about elsewhere', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/troubleshooting.md'), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, reason = '']) => reason));
  // What is told by Events alone is no situation that a status is in.
  const listed = named.filter(isReason);
  const played = new Set<string>(situations.map(({ reason }) => reason));
  expect(listed.length).toBeGreaterThan(30);
  expect(listed.filter((reason) => !played.has(reason) && !(reason in elsewhere))).toEqual([]);
});
