import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { WIDGETS, isList, isWatch, names, runInformer, synced, widget } from './widget.ts';

describe('an informer against a healthy server', () => {
  it('lists in pages, then follows changes', async () => {
    await using harness = await runInformer(
      (server) => ['a', 'b', 'c', 'd', 'e'].forEach((name) => server.put(WIDGETS, widget(name))),
      { limits: { pageSize: 2 } },
    );
    await synced(harness);
    expect(names(harness)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(harness.server.requests.filter(isList)).toHaveLength(3);
    expect(harness.events.every((event) => event.type === 'added' && event.initial)).toBe(true);

    harness.server.put(WIDGETS, widget('a', 'blue'));
    harness.server.put(WIDGETS, widget('f'));
    harness.server.remove(WIDGETS, 'default/b');
    await eventually(() => harness.heard.length === 8, 'three changes are heard');
    expect(harness.heard.slice(5)).toEqual(['updated default/a', 'added default/f', 'deleted default/b']);
    expect(harness.events[5]).toMatchObject({ object: { spec: { color: 'blue' } }, old: { spec: { color: 'red' } } });
    expect(harness.events[6]).toMatchObject({ type: 'added', initial: false });
  });

  it('asks for bookmarks and for an end after five to ten minutes, and resumes from the last bookmark', async () => {
    await using harness = await runInformer((server) => server.put(WIDGETS, widget('a')));
    await synced(harness);
    const first = harness.server.requests.find(isWatch);
    expect(first?.query.get('allowWatchBookmarks')).toBe('true');
    expect(first?.query.get('timeoutSeconds')).toBe('300');

    harness.server.compact();
    harness.server.bookmark();
    await harness.clock.advance(2_000);
    harness.server.endWatches('end');
    await eventually(() => harness.server.requests.filter(isWatch).length === 2, 'the watch is opened again');
    await synced(harness);
    expect(harness.counts).toMatchObject({ listed: 1, failed: 0 });
  });

  it('keeps neither managedFields nor the manifest that kubectl left', async () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', keep: 'me' };
    await using harness = await runInformer((server) =>
      server.put(WIDGETS, widget('a', 'red', { managedFields: [{}], annotations })),
    );
    await synced(harness);
    expect(harness.informer.store.get('default/a')?.metadata).not.toHaveProperty('managedFields');
    expect(harness.informer.store.get('default/a')?.metadata.annotations).toEqual({ keep: 'me' });
  });

  it('replays what is there to a handler that comes late', async () => {
    await using harness = await runInformer((server) => server.put(WIDGETS, widget('a')));
    await synced(harness);
    const late: string[] = [];
    const leave = harness.informer.onEvent((event) => late.push(`${event.type} ${event.object.metadata.name}`));
    leave();
    harness.server.put(WIDGETS, widget('b'));
    await eventually(() => harness.heard.length === 2, 'the other handler hears of b');
    expect(late).toEqual(['added a']);
  });

  it('survives a handler that throws, and tells the others', async () => {
    await using harness = await runInformer((server) => server.put(WIDGETS, widget('a')));
    harness.informer.onEvent(() => {
      throw new Error('handler');
    });
    await synced(harness);
    harness.server.put(WIDGETS, widget('b'));
    await eventually(() => harness.counts.handlerFailed === 2, 'the handler has failed twice');
    expect(harness.heard).toEqual(['added default/a', 'added default/b']);
    expect(harness.counts.failed).toBe(0);
  });

  it('leaves an object out of an index whose function throws, and nothing else', async () => {
    const indexes = {
      byColor: ({ spec }: { spec: { color: string } }) => {
        if (spec.color === 'bad') throw new Error('index');
        return [spec.color];
      },
    };
    await using harness = await runInformer(
      (server) => {
        server.put(WIDGETS, widget('a', 'bad'));
        server.put(WIDGETS, widget('b', 'red'));
      },
      { indexes },
    );
    await synced(harness);
    expect(names(harness)).toEqual(['a', 'b']);
    expect(harness.informer.store.index('byColor', 'red')).toHaveLength(1);
  });
});
