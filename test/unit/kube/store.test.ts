import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf } from '../../../src/kube/object.ts';
import { createStore } from '../../../src/kube/store.ts';
import type { StoreChange, WritableStore } from '../../../src/kube/store.ts';
import { cachedWidget } from './widget.ts';
import type { Widget } from './widget.ts';

const indexes = {
  byColor: ({ spec }: { readonly spec: { readonly color: string } }) => (spec.color === '' ? [] : spec.color.split('+')),
};

function createWidgets(): WritableStore<Widget> {
  return createStore<Widget>({ indexes });
}

function say(changes: readonly StoreChange<Widget>[]): string[] {
  return changes.map(({ type, object }) => `${type} ${object.metadata.name}`);
}

describe('the store', () => {
  it('says what a write changed', () => {
    const store = createWidgets();
    expect(say(store.put(cachedWidget('a', 'red', '1')))).toEqual(['added a']);
    expect(say(store.put(cachedWidget('a', 'blue', '2')))).toEqual(['updated a']);
    expect(say(store.put(cachedWidget('a', 'blue', '2')))).toEqual([]);
    expect(say(store.put(cachedWidget('a', 'blue', '3', 'another-uid')))).toEqual(['deleted a', 'added a']);
    expect(say(store.remove('default/a'))).toEqual(['deleted a']);
    expect(say(store.remove('default/a'))).toEqual([]);
  });

  it('replaces its contents as a whole and says the differences, deletions first', () => {
    const store = createWidgets();
    store.replace(['a', 'b', 'c'].map((name) => cachedWidget(name, 'red', '1')));
    const changes = store.replace([cachedWidget('b', 'red', '1'), cachedWidget('c', 'blue', '2'), cachedWidget('d', 'red', '3')]);
    expect(say(changes)).toEqual(['deleted a', 'updated c', 'added d']);
    expect(store.size).toBe(3);
  });

  it('finds objects by index, also after they moved', () => {
    const store = createWidgets();
    store.put(cachedWidget('a', 'red+blue', '1'));
    store.put(cachedWidget('b', 'blue', '1'));
    expect(store.index('byColor', 'blue').map(keyOf)).toEqual(['default/a', 'default/b']);
    store.put(cachedWidget('a', 'green', '2'));
    expect(store.index('byColor', 'blue').map(keyOf)).toEqual(['default/b']);
    expect(store.index('byColor', 'red')).toEqual([]);
    expect(store.index('byColor', 'green')).toHaveLength(1);
  });

  it('refuses an index that nobody defined', () => {
    expect(() => createWidgets().index('byShape', 'x')).toThrow('there is no index "byShape"; known are: byColor');
  });

  it('hands out the very object that was put, and lists that never change', () => {
    const store = createWidgets();
    const object = cachedWidget('a', 'red', '1');
    store.put(object);
    const before = store.list();
    expect(store.get('default/a')).toBe(object);
    expect(store.list()).toBe(before);
    store.put(cachedWidget('a', 'blue', '2'));
    expect(before).toEqual([object]);
    expect(store.resourceVersion('default/a')).toBe('2');
    expect(store.resourceVersion('default/b')).toBeUndefined();
  });

  it('is, after any sequence of writes, what a plain map with a scan would be', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const color = fc.constantFrom('', 'red', 'blue', 'red+blue', 'red+red');
    const object = fc.tuple(name, color);
    const write = fc.oneof(
      fc.record({ kind: fc.constant('put' as const), object }),
      fc.record({ kind: fc.constant('remove' as const), name }),
      fc.record({ kind: fc.constant('read' as const) }),
      fc.record({ kind: fc.constant('replace' as const), objects: fc.uniqueArray(object, { selector: ([each]) => each }) }),
    );
    fc.assert(
      fc.property(fc.array(write, { maxLength: 60 }), (writes) => {
        const store = createWidgets();
        let model = new Map<string, Widget>();
        let version = 0;
        const make = ([each, of]: [string, string]): Widget => cachedWidget(each, of, String(++version));
        for (const each of writes) {
          if (each.kind === 'put') {
            const made = make(each.object);
            store.put(made);
            model.set(keyOf(made), made);
          } else if (each.kind === 'remove') {
            store.remove(`default/${each.name}`);
            model.delete(`default/${each.name}`);
          } else if (each.kind === 'replace') {
            const made = each.objects.map(make);
            store.replace(made);
            model = new Map(made.map((one) => [keyOf(one), one]));
          } else {
            // Reading in between fills the caches that later writes have to keep right.
            store.list();
            store.index('byColor', 'red');
          }
        }
        const expected = [...model.keys()].sort().map((key) => model.get(key));
        expect(store.list()).toEqual(expected);
        expect(store.index('byColor', 'red')).toEqual(expected.filter((one) => one?.spec.color.includes('red')));
      }),
    );
  });
});
