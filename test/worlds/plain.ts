/** The world that most tests need: one bucket, one role, and nothing in the way. What a test is about stands in the test, as the difference. */
import type { Setup } from './scene.ts';

/** One bucket without a key, a role that Sluice looks after, nothing of anybody else's in the bucket's policy; AWS answers at once and shows each write at once. */
export const plain: Setup = {
  buckets: 1,
  roles: 1,
  folders: 0,
  drift: 'Reapply',
  wire: false,
  watchLagMs: 0,
  late: 'all',
  latencyMs: 0,
  staleMs: 0,
  encrypted: [false, false, false],
  foreign: ['none', 'none', 'none'],
  management: ['Managed', 'Managed', 'Managed'],
  attachmentQuota: 10,
};
