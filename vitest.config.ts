/**
 * Kinds of tests, and what runs beside what (docs/testing.md). Projects of one `groupOrder` run at the same time, the groups one after the other.
 * unit: values in, values out, and the AWS stand-in in process; no other process is involved.
 * contract: what AWS is taken to do, asked of the stand-in and of moto (a process of its own) over HTTP; and what leaves the operator, received by real servers.
 * worlds: the whole operator in random worlds, on a virtual clock.
 * cluster, chaos: against a real API server, which test/support/lanes.ts starts for each lane.
 * alone: the same, one file at a time.
 * e2e: Sluice among other people's programs, as teams run it (Argo CD, a real node); each file starts what it needs. `make e2e` builds those programs.
 */
import { defineConfig } from 'vitest/config';

/** Unit tests, contract and worlds keep a core busy each. */
const busy = { maxWorkers: 2, sequence: { groupOrder: 0 } };

/** Cluster tests wait half of the time, for the operator and for the clock: two files at a time, which leaves a part of two cores free. */
const lanes = {
  setupFiles: ['test/support/lane.ts'],
  testTimeout: 120_000,
  maxWorkers: process.env['SLUICE_TEST_KUBECONFIG'] === undefined ? 2 : 1,
  sequence: { groupOrder: 1 },
};

/**
 * Files with bounds that a busy neighbour could break: in seconds, or in calls, of which the operator makes one more where the machine stalls. A demo that was cut off
 * takes most of the two minutes that a test has.
 */
const alone = ['test/cluster/{aws-many,aws-numbers,case-endings,demo,fail-over}.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 120_000,
    globalSetup: ['test/support/lanes.ts'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], ...busy } },
      { extends: true, test: { name: 'contract', include: ['test/contract/**/*.test.ts'], testTimeout: 120_000, ...busy } },
      {
        extends: true,
        test: {
          name: 'worlds',
          include: ['test/worlds/**/*.test.ts'],
          // Worlds are counted, not timed: on two cores that have other things to do as well they take a quarter of an hour.
          testTimeout: 1_800_000,
          ...busy,
        },
      },
      // Within a group projects come by name and large files first: so the kills, which take longer than any other file, are not the last.
      { extends: true, test: { name: 'chaos', include: ['test/chaos/**/*.test.ts'], ...lanes } },
      { extends: true, test: { name: 'cluster', include: ['test/cluster/**/*.test.ts'], exclude: alone, ...lanes } },
      { extends: true, test: { name: 'alone', include: alone, ...lanes, maxWorkers: 1, sequence: { groupOrder: 2 } } },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
