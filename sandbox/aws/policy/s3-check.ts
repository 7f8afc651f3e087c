/**
 * What S3 refuses about a bucket or access point policy, in its own words (MalformedPolicy). Sources: S3 User Guide, bucket-policies,
 * access-points-policies, troubleshoot-403-errors; the texts are those that production code and AWS's forums quote.
 */
import type { World } from '../service.ts';
import { AwsError } from '../wire/error.ts';
import { isOperator } from './conditions.ts';
import { parseDocument, storeDocument, type ParsedDocument, textsOf } from './documents.ts';
import { compilePattern } from './patterns.ts';
import { kindsOf } from './s3-actions.ts';

/** Which resources a policy may name. */
export interface PolicyTarget {
  /** ARN of the bucket or access point. */
  readonly arn: string;
  /** What stands between the ARN and an object's key. */
  readonly separator: '/' | '/object/';
}

// General Reference, s3: bucket and access point policies are limited to 20 KB.
const LIMIT_BYTES = 20 * 1024;

const malformed = (message: string, detail?: string): AwsError =>
  new AwsError('MalformedPolicy', message, { status: 400, ...(detail === undefined ? {} : { fields: { Detail: detail } }) });

/**
 * Checks a policy and returns its stored form.
 * @throws AwsError PolicyTooLarge (the guide names no code; this one is used by S3-compatible servers) or MalformedPolicy
 */
export function checkS3Policy(world: World, text: string, target: PolicyTarget): string {
  const parsed = text.trimStart().startsWith('{') ? parseDocument(text) : undefined;
  if (!parsed) throw malformed("Policies must be valid JSON and the first byte must be '{'");
  if (Buffer.byteLength(text) > LIMIT_BYTES) {
    throw new AwsError('PolicyTooLarge', 'Policy exceeds the maximum allowed document size.', { status: 400 });
  }
  checkDocument(parsed);
  for (const statement of parsed.statements) checkStatement(statement, target);
  return storeDocument(world, parsed, (value) => malformed('Invalid principal in policy', `"AWS" : "${value}"`));
}

function checkDocument({ document, statements }: ParsedDocument): void {
  const { Version, Statement } = document;
  if (Version !== undefined && Version !== '2012-10-17' && Version !== '2008-10-17') {
    throw malformed('The policy must contain a valid version string');
  }
  if (Statement === undefined) throw malformed('Missing required field Statement');
  if (statements.length === 0) throw malformed('Could not parse the policy: Statement is empty!');
  const sids = statements.flatMap((statement) => (typeof statement['Sid'] === 'string' ? [statement['Sid']] : []));
  const repeated = sids.find((sid, index) => sids.indexOf(sid) !== index);
  if (repeated !== undefined) throw malformed('Statement IDs (SID) in a single policy must be unique.', repeated);
}

function checkStatement(statement: Record<string, unknown>, target: PolicyTarget): void {
  const { Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition } = statement;
  if (Effect === undefined) throw malformed('Missing required field Effect');
  if (Effect !== 'Allow' && Effect !== 'Deny') throw malformed('Invalid effect', JSON.stringify(Effect));
  if ((Principal ?? NotPrincipal) === undefined) throw malformed('Missing required field Principal');
  checkPrincipalForm(Principal ?? NotPrincipal);
  if ((Action ?? NotAction) === undefined) throw malformed('Missing required field Action');
  if ((Resource ?? NotResource) === undefined) throw malformed('Missing required field Resource');
  const kinds = resourceKinds(textsOf(Resource ?? NotResource), target);
  checkActions(textsOf(Action ?? NotAction), kinds);
  for (const name of Object.keys(Condition ?? {})) if (!isOperator(name)) throw malformed(`Invalid Condition type : ${name}`);
}

function checkPrincipalForm(principal: unknown): void {
  if (principal === '*') return;
  const kinds = typeof principal === 'object' && principal !== null ? Object.entries(principal) : [];
  const known = kinds.every(([kind]) => ['AWS', 'Service', 'Federated', 'CanonicalUser'].includes(kind));
  if (kinds.length === 0 || !known || kinds.some(([, values]) => textsOf(values).length === 0))
    throw malformed('Invalid principal in policy');
}

function resourceKinds(resources: readonly string[], target: PolicyTarget): Set<'bucket' | 'object'> {
  if (resources.length === 0) throw malformed('Missing required field Resource');
  return new Set(resources.flatMap((resource) => [...resourceKind(resource, target)]));
}

function resourceKind(resource: string, target: PolicyTarget): readonly ('bucket' | 'object')[] {
  if (resource === '*') return ['bucket', 'object'];
  const at = target.separator === '/' ? resource.indexOf('/') : resource.indexOf('/object/');
  const head = at < 0 ? resource : resource.slice(0, at);
  const wildcard = compilePattern(head, { wildcards: true, variables: false });
  if (!wildcard(target.arn, () => undefined)) throw malformed('Policy has invalid resource', resource);
  // Without a separator a trailing wildcard spans the object's keys as well.
  if (at < 0) return head.includes('*') ? ['bucket', 'object'] : ['bucket'];
  return ['object'];
}

function checkActions(actions: readonly string[], resources: ReadonlySet<'bucket' | 'object'>): void {
  if (actions.length === 0) throw malformed('Missing required field Action');
  for (const action of actions) {
    const kinds = kindsOf(action);
    if (kinds.size === 0) throw malformed('Policy has invalid action', action);
    if (![...kinds].some((kind) => resources.has(kind)))
      throw malformed('Action does not apply to any resource(s) in statement', action);
  }
}
