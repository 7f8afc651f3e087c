/** The way into an Environment's account as its spec says it now; what a share recorded is in its resolved entry (ledger.ts). */
import type { Environment } from '../api/index.ts';
import type { SessionRef } from '../targets/target.ts';

/** How to get into an Environment's account now. */
export function sessionOf(environment: Environment): SessionRef {
  const { accountId, region, assumeRole } = environment.spec;
  return {
    environment: environment.metadata.name,
    accountId,
    region,
    ...(assumeRole === undefined ? {} : { roleArn: assumeRole.arn }),
    ...(assumeRole?.externalIdSecretRef === undefined ? {} : { externalIdSecretRef: assumeRole.externalIdSecretRef }),
  };
}
