/** What IAM refuses about identity policies and trust policies, in its own words (IAM User Guide, reference_policies_grammar, reference_iam-quotas). */
import type { World } from '../service.ts';
import { fail, type AwsError } from '../wire/error.ts';
import { isOperator } from './conditions.ts';
import { parseDocument, storeDocument, type ParsedDocument, textsOf } from './documents.ts';

const malformed = (message: string): AwsError => fail('MalformedPolicyDocument', message);
// reference_iam-quotas: only these characters may be in a policy.
const CHARACTERS = /^[\t\n\r -ÿ]*$/;

function parse(text: string): ParsedDocument {
  const parsed = parseDocument(text);
  if (!parsed || !CHARACTERS.test(text)) throw malformed('This policy contains invalid Json');
  const { Version } = parsed.document;
  if (Version !== undefined && Version !== '2012-10-17' && Version !== '2008-10-17')
    throw malformed('The policy must contain a valid version string');
  if (parsed.statements.length === 0) throw malformed('Syntax errors in policy.');
  const sids = parsed.statements.flatMap(({ Sid }) => (typeof Sid === 'string' ? [Sid] : []));
  if (new Set(sids).size < sids.length) throw malformed('Statement IDs (SID) in a single policy must be unique.');
  if (sids.some((sid) => !/^[A-Za-z0-9]*$/.test(sid)))
    throw malformed(
      'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
    );
  return parsed;
}

function checkCommon({ Effect, Action, NotAction, Condition }: Record<string, unknown>): void {
  if (Effect !== 'Allow' && Effect !== 'Deny') throw malformed('Syntax errors in policy.');
  const actions = textsOf(Action ?? NotAction);
  if (actions.length === 0) throw malformed('Policy statement must contain actions.');
  for (const action of actions) {
    if (action !== '*' && !/^[\w-]+:[\w*?]+$/.test(action)) {
      throw malformed('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.');
    }
  }
  for (const name of Object.keys(Condition ?? {})) if (!isOperator(name)) throw malformed('Syntax errors in policy.');
}

/** Checks a policy of a role or user. @throws MalformedPolicyDocument */
export function checkIdentityPolicy(text: string): void {
  for (const statement of parse(text).statements) {
    checkCommon(statement);
    if ((statement['Principal'] ?? statement['NotPrincipal']) !== undefined)
      throw malformed('Policy document should not specify a principal.');
    const resources = textsOf(statement['Resource'] ?? statement['NotResource']);
    if (resources.length === 0) throw malformed('Policy statement must contain resources.');
    for (const resource of resources) {
      if (resource !== '*' && !/^(arn|\*)[:*]/.test(resource))
        throw malformed(`Resource ${resource} must be in ARN format or "*".`);
    }
  }
}

const TRUST_SIZE = 2048;

/** Checks a trust policy and returns its stored form. @throws MalformedPolicyDocument, LimitExceeded */
export function storeTrust(world: World, text: string): string {
  if (text.replaceAll(/\s/g, '').length > TRUST_SIZE)
    throw fail('LimitExceeded', `Cannot exceed quota for ACLSizePerRole: ${TRUST_SIZE}`);
  const parsed = parse(text);
  for (const statement of parsed.statements) {
    checkCommon(statement);
    if ((statement['Resource'] ?? statement['NotResource']) !== undefined) throw malformed('Has prohibited field Resource');
    if ((statement['Principal'] ?? statement['NotPrincipal']) === undefined) throw malformed('Missing required field Principal');
    if (textsOf(statement['Action']).some((action) => !/^sts:/i.test(action))) {
      throw malformed('AssumeRole policy may only specify STS AssumeRole actions.');
    }
  }
  return storeDocument(world, parsed, (value) => malformed(`Invalid principal in policy: "AWS":"${value}"`));
}
