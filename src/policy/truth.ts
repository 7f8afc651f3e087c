/**
 * Three-valued logic: what can be said of a whole set of requests of which not everything is known. True: it holds of each of them. False: of none.
 * Unknown: of some, or nobody can say. Kleene's tables; nothing here knows what it is about.
 */

/** True, false, or neither for sure. */
export type Truth = boolean | 'unknown';

/** Whether the test holds of all values: a single no decides. */
export function every<Value>(values: readonly Value[], test: (value: Value) => Truth): Truth {
  let result: Truth = true;
  for (const value of values) {
    const truth = test(value);
    if (truth === false) return false;
    if (truth === 'unknown') result = 'unknown';
  }
  return result;
}

/** Whether the test holds of at least one value: a single yes decides. */
export function some<Value>(values: readonly Value[], test: (value: Value) => Truth): Truth {
  let result: Truth = false;
  for (const value of values) {
    const truth = test(value);
    if (truth === true) return true;
    if (truth === 'unknown') result = 'unknown';
  }
  return result;
}

/** What the test says of all values alike; unknown where they differ or where there is none. */
export function agreed<Value>(values: readonly Value[], test: (value: Value) => Truth): Truth {
  const [first, ...others] = values;
  if (first === undefined) return 'unknown';
  const truth = test(first);
  return others.every((value) => test(value) === truth) ? truth : 'unknown';
}

/** The opposite; of the unknown nothing else is known either. */
export function negate(truth: Truth): Truth {
  return truth === 'unknown' ? truth : !truth;
}
