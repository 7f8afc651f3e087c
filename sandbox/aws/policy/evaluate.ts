/**
 * IAM's decision over all policies of one request (IAM User Guide, reference_policies_evaluation-logic and its pages on one account, across
 * accounts, boundaries). Written independently of the product's own evaluator, so that the two can be held against each other.
 * It has no SCPs, RCPs, VPC endpoint policies or ACLs.
 */
import { compilePolicy, type CompiledStatement, type PrincipalHit, type PrincipalView } from './compile.ts';
import type { KeyLookup } from './patterns.ts';

/** Kinds of policy as AWS's messages name them. */
export type PolicyType = 'identity-based policy' | 'resource-based policy' | 'permissions boundary' | 'session policy';

/** The decision. `explicit`: a Deny statement; else no Allow in that kind of policy. */
export type Verdict =
  { readonly allowed: true } | { readonly allowed: false; readonly explicit: boolean; readonly type: PolicyType };

/** One question. */
export interface Question {
  readonly who: PrincipalView & { readonly kind: 'administrator' | 'user' | 'session' | 'anonymous' };
  readonly action: string;
  readonly resource: string;
  /** Account that owns the resource. */
  readonly account: string;
  readonly keys: KeyLookup;
}

/** All policies that have a say. Texts are compiled once. */
export interface Policies {
  readonly identity: readonly string[];
  readonly boundary?: string;
  readonly session: readonly string[];
  readonly resource?: string;
  /**
   * required: even callers of the resource's own account need the resource policy's consent (KMS keys, trust policies). delegated: that
   * consent is enough for anybody, since identity policies were asked at the access point (access-points-policies, "Delegating access
   * control to access points").
   */
  readonly mode: 'optional' | 'required' | 'delegated';
}

const refused = (type: PolicyType, explicit = false): Verdict => ({ allowed: false, explicit, type });
const ALLOWED: Verdict = { allowed: true };

/** Decides one request. */
export function evaluate(question: Question, policies: Policies): Verdict {
  const denied = explicitDeny(question, policies);
  if (denied) return refused(denied, true);
  const identity = question.who.kind === 'administrator' || allows(question, policies.identity);
  const boundary = policies.boundary === undefined || allows(question, [policies.boundary]);
  const session = policies.session.length === 0 || allows(question, policies.session);
  const limits = boundary ? (session ? ALLOWED : refused('session policy')) : refused('permissions boundary');
  const own = identity ? limits : refused('identity-based policy');
  const grant = resourceGrant(question, policies.resource);
  if (question.who.kind === 'anonymous') return grant === 'everybody' ? ALLOWED : refused('resource-based policy');
  if (policies.mode === 'delegated' && grant !== 'none') return ALLOWED;
  if (question.who.account !== question.account) return grant === 'none' ? refused('resource-based policy') : own;
  return withinAccount(question, policies, { grant, own, limits });
}

interface Parts {
  readonly grant: PrincipalHit;
  readonly own: Verdict;
  readonly limits: Verdict;
}

// …_policy-eval-denyallow, resource-based policies: a grant to the role's ARN is still limited by boundary and session policy, a grant to a
// user's or session's ARN or to everybody is not; a grant to the account leaves it to identity policies.
function withinAccount(question: Question, policies: Policies, { grant, own, limits }: Parts): Verdict {
  const direct =
    grant === 'session' || grant === 'everybody' || (grant === 'principal' && question.who.kind === 'user') ? ALLOWED : limits;
  const byResource = grant === 'none' ? refused('resource-based policy') : grant === 'account' ? own : direct;
  if (policies.mode === 'required') return byResource;
  return own.allowed ? own : grant !== 'none' && byResource.allowed ? byResource : own;
}

function explicitDeny(question: Question, policies: Policies): PolicyType | undefined {
  const some = (texts: readonly string[]): boolean =>
    texts.some((text) => compilePolicy(text).some((one) => denies(question, one)));
  if (some(policies.identity)) return 'identity-based policy';
  if (policies.boundary !== undefined && some([policies.boundary])) return 'permissions boundary';
  if (some(policies.session)) return 'session policy';
  if (policies.resource === undefined) return undefined;
  const byResource = compilePolicy(policies.resource).some(
    (one) => one.principal(question.who) !== 'none' && denies(question, one),
  );
  return byResource ? 'resource-based policy' : undefined;
}

const denies = (question: Question, statement: CompiledStatement): boolean =>
  statement.effect === 'Deny' && statement.applies(question.action, question.resource, question.keys);

const allows = (question: Question, texts: readonly string[]): boolean =>
  texts.some((text) =>
    compilePolicy(text).some((one) => one.effect === 'Allow' && one.applies(question.action, question.resource, question.keys)),
  );

const RANK: readonly PrincipalHit[] = ['none', 'account', 'principal', 'everybody', 'session'];

function resourceGrant(question: Question, policy: string | undefined): PrincipalHit {
  let best: PrincipalHit = 'none';
  if (policy === undefined) return best;
  for (const statement of compilePolicy(policy)) {
    if (statement.effect !== 'Allow') continue;
    const hit = statement.principal(question.who);
    if (RANK.indexOf(hit) <= RANK.indexOf(best)) continue;
    if (statement.applies(question.action, question.resource, question.keys)) best = hit;
  }
  return best;
}
