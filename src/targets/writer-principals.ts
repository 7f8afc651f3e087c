/**
 * Setting aside the items of a principal that can't be written, so that the others are served.
 */
import { isRetryable } from '../aws/errors.ts';
import type { PrincipalCheck } from '../aws/principals.ts';
import type { Plan, PrincipalGrant, PrincipalRef } from './target.ts';
import { visibilityMs } from './writer-memory.ts';
import type { Block } from './writer-report.ts';
import { principalKey, type Run } from './writer-run.ts';

const rememberedPrincipals = 1000;
const forgetAfterMs = 3_600_000;

/** Compares the principals that the plan introduces; true when somebody was set aside and the plan has to be made anew. */
export async function setAsideChanged<C, G extends PrincipalGrant, O, S, X>(
  run: Run<C, G, O, S, X>,
  plan: Plan<S>,
): Promise<boolean> {
  const { checkPrincipal } = run.writer.options;
  const open = plan.introduces.filter((principal) => !run.checked.has(principalKey(principal)));
  const checks = await Promise.all(open.map(async (one) => [one, await checkPrincipal(one, run.request.signal)] as const));
  let changed = false;
  for (const [principal, check] of checks) {
    run.checked.add(principalKey(principal));
    meet(run, principal);
    const block = blockFor(principal, check);
    if (block === undefined) continue;
    setAside(run, principal, block);
    changed = true;
  }
  return changed;
}

/**
 * AWS refused a document that this principal alone was added to. A role that was just created is known to IAM before it is known to other services
 * (docs/IAM/latest/UserGuide/troubleshoot.md, "Changes that I make are not always immediately visible"): for a minute that is taken for the cause.
 */
export function setAsideRefused<C, G extends PrincipalGrant, O, S, X>(
  run: Run<C, G, O, S, X>,
  principal: PrincipalRef,
  code: string,
): void {
  const describe = run.request.kind.describe(run.request.coordinates);
  const young = run.writer.options.clock.now() - meet(run, principal) < visibilityMs;
  const message = young
    ? `AWS does not know ${principal.arn} in the ${describe} yet (${code}). It is tried again.`
    : `AWS refuses ${principal.arn} in the ${describe} (${code}), though IAM knows it.`;
  const outcome = young
    ? ({ state: 'Pending', reason: 'ProgressingWithRetry' } as const)
    : ({ state: 'Failed', reason: 'MalformedPolicy' } as const);
  setAside(run, principal, { ...outcome, code, message });
}

function blockFor({ arn }: PrincipalRef, check: PrincipalCheck): Block | undefined {
  switch (check.kind) {
    case 'ok':
      return undefined;
    case 'notFound':
      return { state: 'Failed', reason: 'PrincipalNotFound', message: `${arn} does not exist.` };
    case 'recreated':
      return {
        state: 'Failed',
        reason: 'PrincipalRecreated',
        message: `${arn} was deleted and created again since consent was given. It is somebody else to AWS, so consent is needed again.`,
      };
    case 'unknown': {
      const { kind, code } = check.failure;
      const message = `IAM answered ${code} when ${arn} was looked up, so nothing new is given to it.`;
      return isRetryable(kind)
        ? { state: 'Pending', reason: 'ProgressingWithRetry', code, message }
        : { state: 'Failed', reason: kind === 'denied' ? 'AccessDenied' : 'ProgressingWithRetry', code, message };
    }
  }
}

function setAside<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>, principal: PrincipalRef, block: Block): void {
  for (const { mode, item, grant } of run.request.contributions) {
    if (mode === 'want' && principalKey(grant.principal) === principalKey(principal)) run.blocks.set(item, block);
  }
}

/** When this principal was met first (ms since the epoch). Where there are many, those met long ago are forgotten. */
function meet<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>, principal: PrincipalRef): number {
  const { firstSeen, options } = run.writer;
  const now = options.clock.now();
  const key = principalKey(principal);
  if (firstSeen.size > rememberedPrincipals)
    for (const [old, at] of firstSeen) if (now - at > forgetAfterMs) firstSeen.delete(old);
  const first = firstSeen.get(key) ?? now;
  firstSeen.set(key, first);
  return first;
}
