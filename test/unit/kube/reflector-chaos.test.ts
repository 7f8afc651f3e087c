/** Whatever goes wrong, and in whatever order: once it stops, cache and handlers know exactly what the server knows. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf } from '../../../src/kube/object.ts';
import { eventually } from '../../support/eventually.ts';
import { statusFault, watchFault } from '../../support/fake-apiserver.ts';
import type { FakeApiServer, Fault } from '../../support/fake-apiserver.ts';
import { WIDGETS, isList, isWatch, runInformer, widget } from './widget.ts';
import type { InformerHarness } from './widget.ts';

const listFaults: readonly Fault['act'][] = [
  statusFault(500, 'InternalError'),
  statusFault(403, 'Forbidden'),
  statusFault(410, 'Expired'),
  (response) => response.end('{"kind":"WidgetList"}'),
  (response) => response.socket?.resetAndDestroy(),
];
const watchFaults: readonly Fault['act'][] = [
  statusFault(500, 'InternalError'),
  statusFault(404, 'NotFound'),
  statusFault(410, 'Expired'),
  watchFault('{"type":"ERROR","object":{"kind":"Status","code":410}}\n', 'hang'),
  watchFault('{"type":"MODIFIED","obj', 'reset'),
  watchFault('nonsense\n', 'hang'),
  watchFault('', 'end'),
  watchFault('', 'hang'),
];

type Step =
  | { readonly kind: 'put' | 'remove'; readonly name: string }
  | { readonly kind: 'failList' | 'failWatch'; readonly which: number }
  | { readonly kind: 'compact' | 'bookmark' | 'end' | 'reset' }
  | { readonly kind: 'wait'; readonly ms: number };

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('put', 'remove'), name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('failList'), which: fc.nat(listFaults.length - 1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('failWatch'), which: fc.nat(watchFaults.length - 1) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('compact', 'bookmark', 'end', 'reset') }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.integer({ min: 1, max: 4_000 }) }) },
);

async function perform({ server, clock }: InformerHarness, each: Step, count: number): Promise<void> {
  switch (each.kind) {
    case 'put':
      server.put(WIDGETS, widget(each.name, `color-${count}`));
      return;
    case 'remove':
      server.remove(WIDGETS, `default/${each.name}`);
      return;
    case 'failList':
      server.fail({ match: isList, act: listFaults[each.which] ?? statusFault(500, '') });
      return;
    case 'failWatch':
      server.fail({ match: isWatch, act: watchFaults[each.which] ?? statusFault(500, '') });
      return;
    case 'compact':
      server.compact();
      return;
    case 'bookmark':
      server.bookmark();
      return;
    case 'end':
    case 'reset':
      server.endWatches(each.kind);
      return;
    case 'wait':
      await clock.advance(each.ms);
  }
}

/** What somebody knows who has only listened to the events. */
function listener(harness: InformerHarness): () => Record<string, string> {
  return () => {
    const known = new Map<string, string>();
    for (const event of harness.events) {
      const key = keyOf(event.object);
      if (event.type === 'added') expect(known.has(key), `${key} is added once`).toBe(false);
      else expect(known.has(key), `${key} is ${event.type} after it was added`).toBe(true);
      if (event.type === 'deleted') known.delete(key);
      else known.set(key, event.object.spec.color);
    }
    return Object.fromEntries([...known].sort());
  };
}

function serverContents(server: FakeApiServer): Record<string, string> {
  const colors = server.contents(WIDGETS).map((object) => [keyOf(object), (object['spec'] as { color: string }).color] as const);
  return Object.fromEntries(colors.sort());
}

/** Lets time pass in steps until a last change has arrived: faults that are left are used up on the way. */
async function calm({ server, clock, informer }: InformerHarness): Promise<void> {
  server.put(WIDGETS, widget('last', 'one'));
  const arrived = (): boolean =>
    informer.hasSynced() && informer.lastError() === undefined && informer.store.get('default/last') !== undefined;
  for (let round = 0; round < 200 && !arrived(); round++) {
    const until = performance.now() + 10;
    await eventually(() => arrived() || performance.now() > until, 'a few turns of the loop');
    await clock.advance(5_000);
  }
}

describe('the reflector under chaos', () => {
  it('always gets back to what the server knows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        await using harness = await runInformer((server) => server.put(WIDGETS, widget('a', 'first')), {
          limits: { pageSize: 2 },
        });
        const heard = listener(harness);
        for (const [count, each] of steps.entries()) {
          await perform(harness, each, count);
          await harness.clock.settle();
        }
        await calm(harness);
        const known = harness.informer.store.list().map((object) => [keyOf(object), object.spec.color] as const);
        const truth = serverContents(harness.server);
        expect(Object.fromEntries(known)).toEqual(truth);
        expect(heard()).toEqual(truth);
        expect(harness.informer.lastError()).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });
});
