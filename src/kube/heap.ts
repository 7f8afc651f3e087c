/**
 * A binary heap that can also remove from its middle, in O(log n): what the work queue orders by priority, by age and by due time.
 * Items are compared by identity. It is not stable: give the order a last criterion (a sequence number).
 */

/** A priority queue of distinct items. */
export interface Heap<T> {
  readonly size: number;
  /** Adds an item that isn't in the heap. */
  push(item: T): void;
  /** The first item, which stays. */
  peek(): T | undefined;
  /** Removes an item wherever it is; false if it wasn't there. */
  remove(item: T): boolean;
}

interface State<T> {
  /** The children of position i are at 2i+1 and 2i+2. */
  readonly items: T[];
  readonly positions: Map<T, number>;
  readonly before: (a: T, b: T) => boolean;
}

/** An empty heap whose first item is the one that is `before` all others. The order of an item must not change while it is inside. */
export function createHeap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  const state: State<T> = { items: [], positions: new Map(), before };
  return {
    get size() {
      return state.items.length;
    },
    push: (item) => siftUp(state, item, state.items.length),
    peek: () => state.items[0],
    remove: (item) => remove(state, item),
  };
}

function remove<T>(state: State<T>, item: T): boolean {
  const { items, positions, before } = state;
  const position = positions.get(item);
  if (position === undefined) return false;
  positions.delete(item);
  const last = items.pop() as T;
  if (last === item) return true;
  // The last item takes the free place, and may belong above or below it.
  if (position > 0 && before(last, items[(position - 1) >> 1] as T)) siftUp(state, last, position);
  else siftDown(state, last, position);
  return true;
}

function siftUp<T>(state: State<T>, item: T, from: number): void {
  let position = from;
  while (position > 0) {
    const above = (position - 1) >> 1;
    const parent = state.items[above] as T;
    if (!state.before(item, parent)) break;
    place(state, parent, position);
    position = above;
  }
  place(state, item, position);
}

function siftDown<T>(state: State<T>, item: T, from: number): void {
  let position = from;
  for (let child = firstChild(state, position); child !== undefined; child = firstChild(state, position)) {
    if (!state.before(state.items[child] as T, item)) break;
    place(state, state.items[child] as T, position);
    position = child;
  }
  place(state, item, position);
}

function place<T>({ items, positions }: State<T>, item: T, position: number): void {
  items[position] = item;
  positions.set(item, position);
}

function firstChild<T>({ items, before }: State<T>, position: number): number | undefined {
  const left = 2 * position + 1;
  const right = left + 1;
  if (left >= items.length) return undefined;
  return right < items.length && before(items[right] as T, items[left] as T) ? right : left;
}
