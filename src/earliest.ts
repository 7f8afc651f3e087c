/** The first of several times. Pure, and for everybody: what falls due together is looked at when the first of it is due. */

/** The earliest of the times that are known, in their unit; undefined where none is. */
export function earliest(times: Iterable<number | undefined>): number | undefined {
  const known = [...times].filter((at) => at !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
