/** Texts of --help that are longer than a line. */

/** After the list of commands. */
export const exitHelp = `
Exit codes:
  0  it worked, and the answer is yes: ready, healthy, nothing found
  1  it could not be done: no cluster, a file that can't be read, an error of the API server
  2  the command line is wrong
  3  it worked, and the answer is no: not ready, unhealthy, not shareable, orphans found
  4  the object does not exist
  5  a right is missing
  6  it did not happen in time
  7  the question was answered with no

Colours are shown on a terminal only, and never with NO_COLOR set.
kubectl wants the flags behind the command: kubectl share status -n team-analytics.`;

/** After the flags of verify and reapply. */
export const annotationsHelp = {
  verify: `
Sets the annotation sluice.dev/verify-requested-at and waits until the status repeats it. It reads AWS and writes nothing of itself;
where the Dataset's drift is Reapply, what is missing is written again.`,
  reapply: `
Sets the annotation sluice.dev/reapply-requested-at and waits until the status repeats it.`,
} as const;
