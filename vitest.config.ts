/**
 * Five kinds of tests. unit: values in, values out, and the AWS stand-in in process; no other process is involved.
 * contract: what AWS is taken to do, asked of the stand-in and of moto (a process of its own) over HTTP; and what leaves the operator, received by real servers.
 * worlds: the whole operator in random worlds, on a virtual clock (docs/testing.md).
 * cluster: against one shared real API server, which test/support/cluster.ts starts; one file at a time, since the cluster is one.
 * e2e: Sluice among other people's programs, as teams run it (Argo CD, a real node); each file starts what it needs. `make e2e` builds those programs.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], maxWorkers: 2, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          testTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'worlds',
          include: ['test/worlds/**/*.test.ts'],
          // Worlds are counted, not timed: on two cores that have other things to do as well they take a quarter of an hour.
          testTimeout: 1_800_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/{cluster,chaos}/**/*.test.ts'],
          globalSetup: ['test/support/cluster.ts'],
          testTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
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
