/**
 * Amazon Resource Names, as far as shares need them (docs/IAM/latest/UserGuide/reference-arns.md).
 */

/** The parts of an ARN. */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly accountId: string;
  /** Everything after the fifth colon. */
  readonly resource: string;
}

/** Takes an ARN apart; undefined where it is none. */
export function parseArn(text: string): Arn | undefined {
  const [scheme, partition, service, region, accountId, ...resource] = text.split(':');
  if (scheme !== 'arn' || partition === undefined || service === undefined || region === undefined || accountId === undefined)
    return undefined;
  return resource.length === 0 ? undefined : { partition, service, region, accountId, resource: resource.join(':') };
}

/** ARN of an S3 access point (docs/AmazonS3/latest/userguide/access-points-naming.md). */
export function accessPointArn(
  { partition, region, accountId }: Pick<Arn, 'partition' | 'region' | 'accountId'>,
  name: string,
): string {
  return `arn:${partition}:s3:${region}:${accountId}:accesspoint/${name}`;
}

/** The partition that a region belongs to. */
export function partitionOf(region: string): 'aws' | 'aws-cn' | 'aws-us-gov' {
  if (region.startsWith('cn-')) return 'aws-cn';
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return 'aws';
}

/** An IAM principal's kind and its path and name: `role`, `team/analysts`. */
export interface PrincipalName {
  readonly kind: 'role' | 'user';
  /** Path (without the leading slash) and name. */
  readonly pathAndName: string;
  /** The name alone, which IAM's API takes. */
  readonly name: string;
}

/** Kind, path and name of an IAM role's or user's ARN; undefined for anything else. */
export function principalName(arn: string): PrincipalName | undefined {
  const parsed = parseArn(arn);
  const match = parsed?.service === 'iam' ? /^(role|user)\/(.+)$/.exec(parsed.resource) : null;
  if (match === null) return undefined;
  const pathAndName = match[2] ?? '';
  return { kind: match[1] === 'user' ? 'user' : 'role', pathAndName, name: pathAndName.slice(pathAndName.lastIndexOf('/') + 1) };
}

/**
 * Equal for an IAM identity in all of its forms: a role's ARN with or without its path, and the ARN of a session of it. Names of roles and of users are unique in an
 * account whatever their path (docs/IAM/latest/UserGuide/reference_identifiers.md). Anything else is itself.
 */
export function identityKey(arn: string): string {
  const parsed = parseArn(arn);
  const session = parsed?.service === 'sts' ? /^assumed-role\/([^/]+)\//.exec(parsed.resource) : null;
  if (parsed !== undefined && session !== null) return `${parsed.accountId}/role/${session[1] ?? ''}`;
  const principal = principalName(arn);
  return parsed === undefined || principal === undefined ? arn : `${parsed.accountId}/${principal.kind}/${principal.name}`;
}

/** `444455556666:analysts`, as tables show a principal. */
export function shortPrincipal(arn: string): string {
  return `${parseArn(arn)?.accountId ?? '?'}:${principalName(arn)?.name ?? arn}`;
}
