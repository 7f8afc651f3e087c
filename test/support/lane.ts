/** Runs before each file of the cluster tests (vitest's setupFiles): from here on it works with the cluster of its lane. */
import { inject } from 'vitest';
import { useCluster } from './cluster.ts';
import { clusterOfLane } from './lanes.ts';

useCluster(await clusterOfLane(inject('lanes')));
