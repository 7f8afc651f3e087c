import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { statusFault, watchFault } from '../../support/fake-apiserver.ts';
import type { FakeApiServer, FakeRequest } from '../../support/fake-apiserver.ts';
import { WIDGETS, isList, isWatch, names, runInformer, synced, widget } from './widget.ts';
import type { InformerHarness } from './widget.ts';

const lists = (server: FakeApiServer): readonly FakeRequest[] => server.requests.filter(isList);

/** One failure has been seen, and the reflector rests. */
async function failedOnce(harness: InformerHarness): Promise<void> {
  await eventually(() => harness.counts.failed > 0, 'a failure is noticed');
  await harness.clock.settle();
}

describe('an informer against a failing server', () => {
  it('starts again after 0.8 s when the list fails', async () => {
    await using harness = await runInformer((server) => {
      server.put(WIDGETS, widget('a'));
      server.fail({ match: isList, act: statusFault(500, 'InternalError') });
    });
    await failedOnce(harness);
    expect(harness.informer.hasSynced()).toBe(false);
    expect(harness.informer.lastError()).toContain("can't follow widgets.example.com");
    await harness.clock.advance(799);
    expect(lists(harness.server)).toHaveLength(1);
    await harness.clock.advance(1);
    await synced(harness);
    expect(names(harness)).toEqual(['a']);
    expect(harness.informer.lastError()).toBeUndefined();
  });

  it('does not take an answer that is no list for an empty list', async () => {
    await using harness = await runInformer((server) => {
      server.put(WIDGETS, widget('a'));
      server.fail({ match: isList, act: (response) => response.end('<html>') });
    });
    await failedOnce(harness);
    expect(harness.informer.hasSynced()).toBe(false);
    await harness.clock.advance(800);
    await synced(harness);
    expect(harness.heard).toEqual(['added default/a']);
  });

  it('waits longer and longer, never longer than 30 s, and begins anew after two good minutes', async () => {
    await using harness = await runInformer((server) =>
      server.fail({ match: isList, times: 8, act: statusFault(500, 'InternalError') }),
    );
    const waits = [800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000];
    for (const [index, wait] of waits.entries()) {
      await eventually(() => harness.counts.failed === index + 1, `failure ${index + 1}`);
      await harness.clock.settle();
      await harness.clock.advance(wait - 1);
      expect(lists(harness.server)).toHaveLength(index + 1);
      await harness.clock.advance(1);
    }
    await synced(harness);
    await harness.clock.advance(121_000);
    harness.server.fail({ match: isWatch, act: statusFault(500, 'InternalError') });
    harness.server.endWatches('end');
    await eventually(() => harness.counts.failed === 9, 'the watch fails');
    await harness.clock.settle();
    await harness.clock.advance(800);
    await eventually(() => harness.server.openWatches() === 1, 'it watches again after 0.8 s');
  });

  const watchFailures: readonly (readonly [string, Parameters<FakeApiServer['fail']>[0]['act']])[] = [
    ['the watch is answered by a 500', statusFault(500, 'InternalError')],
    ['the connection is reset in the middle of a line', watchFault('{"type":"ADDED","obj', 'reset')],
    ['the stream ends in the middle of a line', watchFault('{"type":"ADDED","obj', 'end')],
    ['a line is garbage', watchFault('<html>\n', 'hang')],
    ['an event has no object', watchFault('{"type":"ADDED","object":null}\n', 'hang')],
    ['an event has an unknown type', watchFault('{"type":"SURPRISE","object":{}}\n', 'hang')],
    [
      'the server reports an internal error as an event',
      watchFault('{"type":"ERROR","object":{"kind":"Status","code":500}}\n', 'hang'),
    ],
    ['the server ends each watch at once', watchFault('', 'end')],
  ];
  it.each(watchFailures)('resumes without listing again when %s', async (_, act) => {
    await using harness = await runInformer((server) => {
      server.put(WIDGETS, widget('a'));
      server.fail({ match: isWatch, act });
    });
    await failedOnce(harness);
    harness.server.put(WIDGETS, widget('b'));
    harness.server.remove(WIDGETS, 'default/a');
    await harness.clock.advance(800);
    await eventually(() => harness.heard.length === 3, 'what happened meanwhile is heard');
    expect(harness.heard).toEqual(['added default/a', 'added default/b', 'deleted default/a']);
    expect(harness.counts.listed).toBe(1);
  });

  const expiries: readonly (readonly [string, Parameters<FakeApiServer['fail']>[0]['act']])[] = [
    ['as a status', statusFault(410, 'Expired')],
    ['as an event', watchFault('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n', 'hang')],
  ];
  it.each(expiries)('lists again after 410 %s, and tells of what was deleted while it was away', async (_, act) => {
    await using harness = await runInformer((server) => {
      server.put(WIDGETS, widget('a'));
      server.put(WIDGETS, widget('b'));
      server.fail({ match: isWatch, act });
    });
    await failedOnce(harness);
    harness.server.remove(WIDGETS, 'default/a');
    harness.server.put(WIDGETS, widget('b', 'blue'));
    harness.server.put(WIDGETS, widget('c'));
    harness.server.compact();
    await harness.clock.advance(800);
    await eventually(() => harness.heard.length === 5, 'all differences are heard');
    expect(harness.heard.slice(2)).toEqual(['deleted default/a', 'updated default/b', 'added default/c']);
    expect(harness.events[4]).toMatchObject({ initial: false });
    expect(names(harness)).toEqual(['b', 'c']);
    expect(harness.counts.listed).toBe(2);
  });

  it('tells of an object that was made anew under its name as deleted and added', async () => {
    await using harness = await runInformer((server) => {
      server.put(WIDGETS, widget('a'));
      server.fail({ match: isWatch, act: statusFault(410, 'Expired') });
    });
    await failedOnce(harness);
    harness.server.remove(WIDGETS, 'default/a');
    harness.server.put(WIDGETS, widget('a'));
    await harness.clock.advance(800);
    await eventually(() => harness.heard.length === 3, 'the differences are heard');
    expect(harness.heard).toEqual(['added default/a', 'deleted default/a', 'added default/a']);
  });

  it('lists at once and in one piece when a continue token has expired', async () => {
    await using harness = await runInformer(
      (server) => {
        ['a', 'b', 'c'].forEach((name) => server.put(WIDGETS, widget(name)));
        server.fail({ match: (request) => request.query.has('continue'), act: statusFault(410, 'Expired') });
      },
      { limits: { pageSize: 2 } },
    );
    await synced(harness);
    expect(names(harness)).toEqual(['a', 'b', 'c']);
    expect(lists(harness.server).map(({ query }) => query.get('limit'))).toEqual(['2', '2', null]);
  });

  it('forgets the pages of a list that failed halfway', async () => {
    await using harness = await runInformer(
      (server) => {
        ['a', 'b', 'c'].forEach((name) => server.put(WIDGETS, widget(name)));
        server.fail({ match: (request) => request.query.has('continue'), act: statusFault(500, 'InternalError') });
      },
      { limits: { pageSize: 2 } },
    );
    await failedOnce(harness);
    expect(names(harness)).toEqual([]);
    harness.server.remove(WIDGETS, 'default/a');
    await harness.clock.advance(800);
    await synced(harness);
    expect(names(harness)).toEqual(['b', 'c']);
  });

  it('replaces a watch that is silent for three minutes, though its connection looks open', async () => {
    await using harness = await runInformer((server) => server.fail({ match: isWatch, act: watchFault('', 'hang') }));
    await eventually(() => harness.informer.hasSynced(), 'it believes to watch');
    await harness.clock.advance(179_000);
    expect(harness.counts.failed).toBe(0);
    await harness.clock.advance(1_000);
    await failedOnce(harness);
    harness.server.put(WIDGETS, widget('a'));
    await harness.clock.advance(800);
    await eventually(() => harness.heard.length === 1, 'the next watch works');
    expect(harness.counts.listed).toBe(1);
  });

  it('ends a list that is never answered, and tries again', async () => {
    await using harness = await runInformer((server) => server.fail({ match: isList, act: () => undefined }));
    await eventually(() => lists(harness.server).length === 1, 'the list is asked for');
    await harness.clock.advance(30_000);
    await failedOnce(harness);
    await harness.clock.advance(800);
    await synced(harness);
  });

  const refusals = [
    ['Forbidden', 403, "not allowed to list and watch widgets.example.com: grant both to the operator's role"],
    ['NotFound', 404, 'the API server does not know widgets.example.com v1: install the CRDs'],
  ] as const;
  it.each(refusals)('says why it has not synced when the answer is %s, and goes on asking', async (reason, code, message) => {
    await using harness = await runInformer((server) => {
      server.put(WIDGETS, widget('a'));
      server.fail({ match: isList, times: 2, act: statusFault(code, reason) });
    });
    await failedOnce(harness);
    expect(harness.informer.hasSynced()).toBe(false);
    expect(harness.informer.lastError()).toBe(message);
    await harness.clock.advance(800);
    await eventually(() => harness.counts.failed === 2, 'the second refusal');
    await harness.clock.settle();
    await harness.clock.advance(1_600);
    await synced(harness);
    expect(harness.informer.lastError()).toBeUndefined();
  });

  it('has not synced while only the watch is forbidden, and is no longer in sync when it becomes so', async () => {
    await using harness = await runInformer((server) =>
      server.fail({ match: isWatch, times: 2, act: statusFault(403, 'Forbidden') }),
    );
    await failedOnce(harness);
    expect(harness.counts.listed).toBe(1);
    expect(harness.informer.hasSynced()).toBe(false);
    await harness.clock.advance(800);
    await eventually(() => harness.counts.failed === 2, 'the second refusal');
    await harness.clock.settle();
    expect(harness.informer.hasSynced()).toBe(false);
    await harness.clock.advance(1_600);
    await synced(harness);

    harness.server.fail({ match: isWatch, act: statusFault(403, 'Forbidden') });
    await harness.clock.advance(1_000);
    harness.server.endWatches('end');
    await eventually(() => harness.counts.failed === 3, 'the third refusal');
    expect(harness.informer.hasSynced()).toBe(false);
  });

  it('stays in sync while the server is away', async () => {
    await using harness = await runInformer((server) => server.put(WIDGETS, widget('a')));
    await synced(harness);
    harness.server.fail({ match: () => true, act: statusFault(500, 'InternalError') });
    harness.server.endWatches('reset');
    await failedOnce(harness);
    expect(harness.informer.hasSynced()).toBe(true);
    expect(harness.informer.lastError()).toBeDefined();
    expect(names(harness)).toEqual(['a']);
  });

  it('stops at once when it is told to, also while it rests', async () => {
    const harness = await runInformer((server) => server.fail({ match: isList, act: statusFault(500, 'InternalError') }));
    await failedOnce(harness);
    await harness.stop();
    expect(harness.clock.pending()).toBe(0);
  });
});
