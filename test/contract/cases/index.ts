/** All cases of the contract suite, in the order in which they are run and shown. */
import type { ContractCase } from '../case.ts';
import { accessPointCases } from './access-points.ts';
import { bucketPolicyCases } from './bucket-policy.ts';
import { bucketCases } from './buckets.ts';
import { dataAccessCases } from './data-access.ts';
import { keyCases } from './keys.ts';
import { managedPolicyCases } from './managed-policies.ts';
import { principalCases } from './principals.ts';
import { sessionCases } from './sessions.ts';

/** Every case. */
export const contractCases: readonly ContractCase[] = [
  ...bucketPolicyCases,
  ...bucketCases,
  ...accessPointCases,
  ...dataAccessCases,
  ...managedPolicyCases,
  ...principalCases,
  ...keyCases,
  ...sessionCases,
];
