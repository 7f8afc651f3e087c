/**
 * The policy of a KMS key. A key policy that leaves its administrators out can only be repaired by AWS Support, so we add and remove our own
 * statements, never ask KMS to skip its lock-out check, and write nothing where nobody but us could change the policy.
 */
import { DescribeKeyCommand, GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import type { JsonObject, PolicyDocument } from '../policy/document.ts';
import { textsOf } from '../policy/document.ts';
import { keyPolicyLimit } from '../policy/size.ts';
import { observedOf } from './bucket-policy.ts';
import { withRequestId, type TargetContext } from './context.ts';
import { withOwnerDenials } from './owner-denials.ts';
import {
  explainForeignDeadId,
  planResourcePolicy,
  policyFingerprint,
  policyForeignText,
  type ObservedPolicy,
  type PolicyStep,
  type ResourceGrant,
  type ResourcePolicyTraits,
} from './resource-policy.ts';
import { assessResourcePolicy } from './resource-policy-assess.ts';
import type { Applied, Assessment, ObserveOptions, Refusal, SessionRef, TargetInput, TargetKind } from './target.ts';

/** Which key's policy. */
export interface KeyPolicyCoordinates {
  readonly session: SessionRef;
  /** ARN of the key, never of an alias. */
  readonly keyArn: string;
  /** The Environment's `limits.documentShare`, in percent. @default 100 */
  readonly documentShare?: number;
}

/** A key policy as found; `keyState` only where it was asked for (KMS KeyState, such as Enabled or PendingDeletion). */
export interface ObservedKeyPolicy {
  readonly policy: ObservedPolicy;
  readonly keyState?: string;
}

type KeyInput = TargetInput<KeyPolicyCoordinates, ResourceGrant, ObservedKeyPolicy>;

/** The target kind of key policies. */
export const keyPolicy: TargetKind<KeyPolicyCoordinates, ResourceGrant, ObservedKeyPolicy, PolicyStep, TargetContext> = {
  kind: 'kms:key-policy',
  shared: true,
  goneReason: 'KeyNotFound',
  key: ({ keyArn }) => `kms:key-policy/${keyArn}`,
  describe: ({ keyArn }) => `key policy of ${keyArn}`,
  observe,
  plan: (input) => planResourcePolicy(policyInput(input), traitsOf(input.coordinates)),
  action: () => 'kms:PutKeyPolicy',
  apply,
  // KMS API Reference, PutKeyPolicy: the state of the key does not allow it.
  reasonOf: (code) => (code.startsWith('KMSInvalidState') ? 'KeyNotUsable' : undefined),
  assess,
  fingerprint: ({ policy }) => policyFingerprint(policy),
  foreign: ({ policy }, installation) => policyForeignText(policy, installation),
  explainMalformed: (input) => explainForeignDeadId(policyInput(input), traitsOf(input.coordinates).describe),
};

function policyInput({ installation, contributions, observed }: KeyInput): Parameters<typeof planResourcePolicy>[0] {
  return { installation, contributions, observed: observed.policy };
}

function traitsOf({ keyArn, documentShare }: KeyPolicyCoordinates): ResourcePolicyTraits {
  const describe = `key policy of ${keyArn}`;
  return {
    limit: keyPolicyLimit,
    share: documentShare,
    describe,
    deletable: false,
    pruneDeadPrincipals: false,
    guard: (foreign) => lockOut(foreign, describe),
  };
}

async function observe(
  context: TargetContext,
  { keyArn }: KeyPolicyCoordinates,
  { depth }: ObserveOptions<ObservedKeyPolicy>,
): Promise<ObservedKeyPolicy> {
  const options = { abortSignal: context.signal };
  // The policy last: what is written is no older than its reading, and that is counted from the end of the observation.
  const keyState = depth === 'verify' ? await stateOf(context, keyArn) : undefined;
  const answer = await context.kms.send(new GetKeyPolicyCommand({ KeyId: keyArn, PolicyName: 'default' }), options);
  const policy = observedOf(answer.Policy);
  return keyState === undefined ? { policy } : { policy, keyState };
}

async function stateOf(context: TargetContext, keyArn: string): Promise<string | undefined> {
  const options = { abortSignal: context.signal };
  return (await context.kms.send(new DescribeKeyCommand({ KeyId: keyArn }), options)).KeyMetadata?.KeyState;
}

/** KMS makes its own lock-out check unless it is told not to (KMS API Reference, PutKeyPolicy); we leave that switch alone. */
async function apply(
  context: TargetContext,
  { keyArn }: KeyPolicyCoordinates,
  { step }: { readonly step: PolicyStep },
): Promise<Applied<ObservedKeyPolicy>> {
  const command = new PutKeyPolicyCommand({ KeyId: keyArn, PolicyName: 'default', Policy: step.text ?? '' });
  const answer = await context.kms.send(command, { abortSignal: context.signal });
  return { observed: { policy: observedOf(step.text) }, ...withRequestId(answer.$metadata.requestId) };
}

/** A key that is not enabled decrypts nothing (docs/kms/latest/developerguide/key-state.md): a gap of every share that needs it. */
function assess(input: KeyInput): Assessment {
  const { keyArn, session } = input.coordinates;
  const words = { policyType: 'KMS Key Policy', resourceType: 'KMS Key', target: keyArn };
  const assessment = withOwnerDenials(assessResourcePolicy(policyInput(input), words), policyInput(input), {
    describe: traitsOf(input.coordinates).describe,
    account: session.accountId,
    region: keyArn.split(':')[3] ?? session.region,
    self: keyArn,
  });
  const { keyState } = input.observed;
  if (keyState === undefined || keyState === 'Enabled') return assessment;
  const finding = {
    kind: 'waiting',
    reason: 'KeyNotUsable',
    blocks: true,
    message: `KMS Key Target Resource is ${keyState}: ${keyArn}`,
  } as const;
  const wanted = new Set(input.contributions.filter(({ mode }) => mode !== 'drop').map(({ item }) => item));
  const items = [...assessment.items].map(
    ([item, findings]) => [item, wanted.has(item) ? [...findings, finding] : findings] as const,
  );
  return { ...assessment, items: new Map(items) };
}

/** Somebody else's statement has to let the policy be changed; usually that is the account's root (default key policy, same guide). */
function lockOut(foreign: PolicyDocument, describe: string): Refusal | undefined {
  if (foreign.statements.some((statement) => administers(statement.value))) return undefined;
  const message = `The ${describe} has no statement that lets its administrators change it, so it is not written.`;
  return { reason: 'KeyPolicyLockout', message };
}

function administers(statement: JsonObject): boolean {
  if (statement.Effect !== 'Allow') return false;
  if (statement.NotAction !== undefined) return true;
  return textsOf(statement.Action).some((action) => matchesWildcard(action.toLowerCase(), 'kms:putkeypolicy'));
}

function matchesWildcard(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(text);
}
