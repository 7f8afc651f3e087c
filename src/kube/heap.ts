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

/** An empty heap whose first item is the one that is `before` all others. The order of an item must not change while it is inside. */
export function createHeap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = [];
  const positions = new Map<T, number>();

  const place = (item: T, position: number): void => {
    items[position] = item;
    positions.set(item, position);
  };

  const siftUp = (item: T, from: number): void => {
    let position = from;
    while (position > 0) {
      const parentPosition = (position - 1) >> 1;
      const parent = items[parentPosition] as T;
      if (!before(item, parent)) break;
      place(parent, position);
      position = parentPosition;
    }
    place(item, position);
  };

  const siftDown = (item: T, from: number): void => {
    let position = from;
    for (;;) {
      const child = firstChild(items, position, before);
      if (child === undefined || !before(items[child] as T, item)) break;
      place(items[child] as T, position);
      position = child;
    }
    place(item, position);
  };

  const remove = (item: T): boolean => {
    const position = positions.get(item);
    if (position === undefined) return false;
    positions.delete(item);
    const last = items.pop() as T;
    if (last === item) return true;
    const parent = items[(position - 1) >> 1];
    if (position > 0 && before(last, parent as T)) siftUp(last, position);
    else siftDown(last, position);
    return true;
  };

  return {
    get size() {
      return items.length;
    },
    push: (item) => siftUp(item, items.length),
    peek: () => items[0],
    remove,
  };
}

function firstChild<T>(items: readonly T[], position: number, before: (a: T, b: T) => boolean): number | undefined {
  const left = 2 * position + 1;
  const right = left + 1;
  if (left >= items.length) return undefined;
  return right < items.length && before(items[right] as T, items[left] as T) ? right : left;
}
