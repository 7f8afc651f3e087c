/**
 * What approval would change in AWS, in lines that a person can judge. The owner sees all of it; the requester only his own side, without the owner's ARNs.
 */
import type { ResolvedShare } from '../api/index.ts';
import { grantsOf, type ShareGrant } from './grants.ts';

/** Longest line and longest plan that fit the status (design limits of the kinds). */
const lineLength = 256;
const planLength = 200;

/** Lines for the owner: every document that would be written, with what it would allow to whom. */
export function ownerPlan(entries: readonly ResolvedShare[]): string[] {
  return cut(entries.flatMap((entry) => grantsOf(entry).flatMap((grant) => ownerLines(entry, grant))));
}

/** Lines for the requester: what would be written in his own account. */
export function requesterPlan(entries: readonly ResolvedShare[]): string[] {
  return cut(
    entries.flatMap((entry) => {
      const label = `${entry.type} ${entry.bucket}${entry.prefix === undefined ? '' : `/${entry.prefix}`}`;
      const account = entry.consumer.accountId;
      switch (entry.policyManagement) {
        case 'Managed':
          return [`IAM of ${account}: a share policy for ${label} is created for, and attached to, ${entry.principal.arn}`];
        case 'Detached':
          return [`IAM of ${account}: a share policy for ${label} is created for ${entry.principal.arn}; you attach it`];
        case 'External':
          return [
            `IAM of ${account}: nothing is written; allow ${entry.permissions.join(', ')} on ${label} to ${entry.principal.arn} yourself`,
          ];
      }
    }),
  );
}

function ownerLines(entry: ResolvedShare, grant: ShareGrant): string[] {
  switch (grant.target) {
    case 'BucketPolicy':
      return grant.templates.map(
        (each) =>
          `bucket policy of ${entry.bucket}: allow ${grant.forEverybody === true ? `everybody whom access points of Sluice let` : entry.principal.arn} ${each.actions.join(', ')} on ${each.resources.join(', ')}`,
      );
    case 'AccessPoint':
      return grant.templates.map(
        (each) =>
          `access point ${entry.accessPoint ?? ''} of ${entry.bucket}: allow ${entry.principal.arn} ${each.actions.join(', ')} on ${entry.prefix ?? ''}/*`,
      );
    case 'KeyPolicy':
      return grant.templates.map(
        (each) =>
          `key policy of ${entry.kmsKeyArn ?? ''}: allow ${entry.principal.arn} ${each.actions.join(', ')}${each.condition === undefined ? '' : ' through S3'}`,
      );
    case 'SharePolicy':
      return [
        `share policy of ${entry.principal.arn}: allow ${grant.statements.flatMap((each) => each.actions).join(', ')}${entry.policyManagement === 'Detached' ? " (attached by the role's owner)" : ''}`,
      ];
  }
}

function cut(lines: readonly string[]): string[] {
  const short = lines.map((line) => (line.length <= lineLength ? line : `${line.slice(0, lineLength - 1)}…`));
  return short.length <= planLength
    ? short
    : [...short.slice(0, planLength - 1), `… and ${String(short.length - planLength + 1)} more`];
}
