/**
 * The pure half of every target that is one resource policy: what the document should hold, and what is not as it should be. Which AWS calls
 * read and write it is the business of bucket-policy.ts and key-policy.ts.
 */
import { foreignText, mergeOwned, isOwned, ownedPrefix } from '../policy/merge.ts';
import { emptyPolicy, renderPolicy, statementOf, type PolicyDocument } from '../policy/document.ts';
import { deadIds, isDeadId, awsPrincipals, withoutDeadIds } from '../policy/principals.ts';
import { byteSize } from '../policy/size.ts';
import { statementKey } from '../policy/compare.ts';
import type { StatementTemplate } from '../policy/templates.ts';
import { fillDocument } from './resource-policy-fill.ts';
import type { Contribution, Plan, PrincipalRef, Refusal } from './target.ts';

/** A grant in a resource policy: the principal gets what the templates say. */
export interface ResourceGrant {
  readonly principal: PrincipalRef;
  readonly templates: readonly StatementTemplate[];
  /** The statements name everybody, and their conditions who that is: a delegation to access points. @default false */
  readonly forEverybody?: true;
}

/** A resource policy as found. `text` is what AWS returned. */
export type ObservedPolicy =
  | { readonly kind: 'absent' }
  | { readonly kind: 'document'; readonly text: string; readonly document: PolicyDocument }
  | { readonly kind: 'unreadable'; readonly text: string; readonly message: string };

/** One write of a whole document; undefined deletes it. */
export interface PolicyStep {
  readonly text: string | undefined;
}

/** What differs between the documents. */
export interface ResourcePolicyTraits {
  /** Bytes that the service accepts. */
  readonly limit: number;
  /** Percent of them that our statements may take before newcomers are refused. @default 100 */
  readonly share?: number | undefined;
  /** "bucket policy of acme-orders" */
  readonly describe: string;
  /** What to do instead where it is full: "share folders". */
  readonly instead?: string;
  /** Whether a document with nothing in it is deleted (S3) or can't be (KMS). */
  readonly deletable: boolean;
  /** Removes exactly the dead ids from foreign statements when the document is written (the Dataset's `pruneDeadPrincipals`). */
  readonly pruneDeadPrincipals: boolean;
  /** Why the document with these foreign statements must not be written, where it mustn't. */
  readonly guard?: (foreign: PolicyDocument) => Refusal | undefined;
}

/** What a plan is made from. */
export interface ResourcePolicyInput {
  readonly installation: string;
  readonly contributions: readonly Contribution<ResourceGrant>[];
  readonly observed: ObservedPolicy;
}

/** The write that is needed, if any, and who can't be served. */
export function planResourcePolicy(input: ResourcePolicyInput, traits: ResourcePolicyTraits): Plan<PolicyStep> {
  const document = documentOf(input.observed);
  const prefix = ownedPrefix(input.installation);
  const blocked = blockedBy(input, document, traits);
  if (blocked !== undefined || document === undefined) return refuseAll(input.contributions, blocked);
  const base = traits.pruneDeadPrincipals ? pruned(document, prefix) : document;
  const own = document.statements.filter((statement) => isOwned(statement, prefix)).map((statement) => statement.value);
  const room = traits.limit - byteSize(foreignText(base, prefix));
  const newRoom = Math.min(room, Math.floor((traits.limit * (traits.share ?? 100)) / 100));
  const filled = fillDocument({ prefix, contributions: input.contributions, own, room, newRoom });
  const refusal = sizeRefusal(traits, { used: filled.size, room, newRoom });
  const merged = withinLimit(mergeOwned(base, prefix, filled.statements), prefix, traits.limit);
  const known = new Set(own.flatMap(awsPrincipals));
  const named = new Set(filled.statements.flatMap(awsPrincipals));
  return {
    steps: stepsTo(input.observed, merged, traits),
    refused: new Map([...filled.refused].map((item) => [item, refusal])),
    introduces: principalsOf(input.contributions).filter(({ arn }) => named.has(arn) && !known.has(arn)),
  };
}

/** Names the statement and the id that make AWS refuse the document, where they are not ours. */
export function explainForeignDeadId(input: ResourcePolicyInput, describe: string): Refusal | undefined {
  const document = documentOf(input.observed);
  const prefix = ownedPrefix(input.installation);
  const dead = document?.statements.flatMap((statement, index) =>
    isOwned(statement, prefix)
      ? []
      : deadIds(statement.value).map((id) => ({ id, name: statementName(statement.value.Sid, index) })),
  );
  const [first] = dead ?? [];
  if (first === undefined) return undefined;
  const message = `AWS refuses every write of the ${describe}: another statement in it names a deleted principal. Its owner has to remove it.`;
  return {
    reason: 'ForeignPrincipalInvalid',
    message,
    ownerMessage: `${message} ${(dead ?? []).map(({ id, name }) => `Statement ${name} names ${id}`).join('; ')}.`,
  };
}

/** The document to start from: an absent one is empty, an unreadable one is none. */
export function documentOf(observed: ObservedPolicy): PolicyDocument | undefined {
  if (observed.kind === 'absent') return emptyPolicy;
  return observed.kind === 'document' ? observed.document : undefined;
}

/** Equal for equal texts. */
export function policyFingerprint(observed: ObservedPolicy): string {
  return observed.kind === 'absent' ? 'absent' : `text:${observed.text}`;
}

/**
 * The foreign statements by their meaning, in their order: AWS may lay a document out anew when it is put, which is nobody's change. A policy that
 * only we made leaves nothing, as does none.
 */
export function policyForeignText(observed: ObservedPolicy, installation: string): string {
  if (observed.kind === 'unreadable') return observed.text;
  const prefix = ownedPrefix(installation);
  const foreign = (documentOf(observed) ?? emptyPolicy).statements.filter((statement) => !isOwned(statement, prefix));
  return JSON.stringify(foreign.map(({ value }) => [value.Sid ?? '', statementKey(value)]));
}

/** Statements of ours keep the bytes in which somebody laid them out, unless that is what makes the document too large. */
function withinLimit(document: PolicyDocument, prefix: string, limit: number): PolicyDocument {
  if (byteSize(renderPolicy(document)) <= limit) return document;
  return { ...document, statements: document.statements.map((one) => (isOwned(one, prefix) ? statementOf(one.value) : one)) };
}

function blockedBy(
  input: ResourcePolicyInput,
  document: PolicyDocument | undefined,
  traits: ResourcePolicyTraits,
): Refusal | undefined {
  if (input.observed.kind === 'unreadable') {
    const message = `The ${traits.describe} can't be read, so it is not written.`;
    return { reason: 'MalformedPolicy', message, ownerMessage: `${message} ${input.observed.message}.` };
  }
  const prefix = ownedPrefix(input.installation);
  const foreign = (document ?? emptyPolicy).statements.filter((statement) => !isOwned(statement, prefix));
  return traits.guard?.({ ...emptyPolicy, statements: foreign });
}

function refuseAll(contributions: ResourcePolicyInput['contributions'], refusal: Refusal | undefined): Plan<PolicyStep> {
  const affected = refusal === undefined ? [] : contributions.filter(({ mode }) => mode !== 'hold');
  return { steps: [], refused: new Map(affected.map(({ item }) => [item, refusal as Refusal])), introduces: [] };
}

function stepsTo(observed: ObservedPolicy, merged: PolicyDocument, traits: ResourcePolicyTraits): PolicyStep[] {
  if (merged.statements.length === 0) {
    return observed.kind === 'absent' || !traits.deletable ? [] : [{ text: undefined }];
  }
  if (observed.kind === 'document' && sameTexts(observed.document, merged)) return [];
  return [{ text: renderPolicy(merged) }];
}

function sameTexts(left: PolicyDocument, right: PolicyDocument): boolean {
  return (
    left.statements.length === right.statements.length &&
    left.statements.every(({ text }, index) => text === right.statements[index]?.text)
  );
}

function pruned(document: PolicyDocument, prefix: string): PolicyDocument {
  const statements = document.statements.flatMap((statement) => {
    if (isOwned(statement, prefix) || !awsPrincipals(statement.value).some(isDeadId)) return [statement];
    const value = withoutDeadIds(statement.value);
    return value === undefined ? [] : [statementOf(value)];
  });
  return { ...document, statements };
}

function principalsOf(contributions: ResourcePolicyInput['contributions']): PrincipalRef[] {
  const wanted = contributions.filter(({ mode }) => mode === 'want');
  return [
    ...new Map(wanted.map(({ grant }) => [`${grant.principal.arn} ${grant.principal.uniqueId}`, grant.principal])).values(),
  ];
}

/** The numbers are told to everybody: they say nothing of whose statements these are. */
function sizeRefusal(
  traits: ResourcePolicyTraits,
  { used, room, newRoom }: { readonly used: number; readonly room: number; readonly newRoom: number },
): Refusal {
  const whose =
    newRoom < room
      ? `Sluice's statements take ${String(used)} bytes, and may take ${String(newRoom)}: ${String(traits.share)} % of ${String(traits.limit)} (limits.documentShare of the Environment)`
      : `AWS allows ${String(traits.limit)} bytes, of which Sluice's statements take ${String(used)} and others ${String(traits.limit - room)}`;
  const instead = traits.instead === undefined ? '' : `, or ${traits.instead}`;
  return {
    reason: 'PolicySizeLimit',
    message: `There is no room left in the ${traits.describe}: ${whose}. Shares that are in place stay; revoke some${instead}.`,
  };
}

function statementName(sid: unknown, index: number): string {
  return typeof sid === 'string' && sid !== '' ? `"${sid}" (number ${String(index + 1)})` : `number ${String(index + 1)}`;
}
