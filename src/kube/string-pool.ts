/**
 * Keeps equal strings once. Ten thousand objects name the same few hundred namespaces, ARNs, reasons and messages, and JSON.parse makes each of them anew: without
 * this they are half of the cache.
 */

/** Longer ones are hardly ever equal. */
const longest = 256;
/** Uids and times are in here too, which come once: when it is full it starts anew, and those who have a string keep it. */
const capacity = 20_000;

/** Replaces the strings in a value by equal ones that are known already. */
export interface StringPool {
  /** Takes `value` apart: it must be fresh from JSON and used by nobody else. Keys of objects are shared by the engine already. */
  share<T>(value: T): T;
}

/** An empty pool. */
export function createStringPool(): StringPool {
  const known = new Map<string, string>();
  const shareString = (text: string): string => {
    if (text.length > longest) return text;
    const before = known.get(text);
    if (before !== undefined) return before;
    if (known.size >= capacity) known.clear();
    known.set(text, text);
    return text;
  };
  const share = (value: unknown): unknown => {
    if (typeof value === 'string') return shareString(value);
    if (typeof value !== 'object' || value === null) return value;
    const members = value as Record<string, unknown>;
    for (const key of Object.keys(members)) {
      const member = members[key];
      if (typeof member === 'string') members[key] = shareString(member);
      else if (typeof member === 'object') share(member);
    }
    return value;
  };
  return { share: <T>(value: T) => share(value) as T };
}
