/** Durations as specs write them: "2160h", "1h30m". Not for intervals of the operator's own, which are numbers. */

const form = /^(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/;

/** Milliseconds of a duration in a spec. Throws a RangeError on anything that the CRD would refuse as well. */
export function durationMs(value: string): number {
  const match = form.exec(value);
  if (match === null || value === '')
    throw new RangeError(`"${value}" is not a duration: write hours, minutes and seconds, such as 2160h or 1h30m`);
  const [, hours = '0', minutes = '0', seconds = '0'] = match;
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}
