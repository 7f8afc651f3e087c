/**
 * The ShareApproval that a decision on a ReceivedShare becomes. Pure. A later decision with the same answer adds to the approval that is there: what was approved
 * before stays approved until it is rejected or deleted.
 */
import { durationMs, type Permission, type ReceivedShare, type ShareApproval, type ShareApprovalSpec } from '../api/index.ts';
import { shareApprovalName } from '../shares/names.ts';
import { CliError, exitCodes } from './exit.ts';

/** What the person decides. */
export interface Decision {
  readonly decision: 'Approved' | 'Rejected';
  /** `Type/name` or the name alone; undefined: all items. */
  readonly items?: readonly string[];
  /** Undefined: what is asked for. */
  readonly permissions?: readonly Permission[];
  /** RFC 3339. */
  readonly expireTime?: string;
  readonly reason?: string;
  /** Pin exactly what was reviewed. */
  readonly digests: boolean;
  readonly name?: string;
}

/** An approval to be written. */
export type Manifest = Pick<ShareApproval, 'apiVersion' | 'kind' | 'spec'> & {
  readonly metadata: { readonly name: string; readonly namespace: string };
};

type Item = ReceivedShare['spec']['items'][number];

/** Where the decision is written, so that one that is there can be read first. */
export function manifestName({ spec }: ReceivedShare, { decision, name }: Decision): string {
  return name ?? shareApprovalName(decision, spec.requestRef);
}

/**
 * The approval, added to the one that is there under its name.
 * @throws CliError where it can't be decided: the principal is not known, an item is not asked for.
 */
export function approvalFor(received: ReceivedShare, decision: Decision, existing?: ShareApproval): Manifest {
  const { datasetRef, requestRef } = received.spec;
  const { namespace = '' } = received.metadata;
  const before = existing?.spec.decision === decision.decision ? existing.spec : undefined;
  const { reason = before?.reason, expireTime = before?.expireTime } = decision;
  const spec: ShareApprovalSpec = {
    datasetRef,
    requestRef,
    decision: decision.decision,
    ...(reason === undefined ? {} : { reason }),
    ...principalOf(received, decision),
    items: itemsOf(received, decision, before),
    ...(expireTime === undefined || decision.decision === 'Rejected' ? {} : { expireTime }),
  };
  return {
    apiVersion: received.apiVersion,
    kind: 'ShareApproval',
    metadata: { name: manifestName(received, decision), namespace },
    spec,
  };
}

/** The items that a decision is about. @throws CliError for one that is not asked for. */
export function chosenItems({ metadata, spec }: ReceivedShare, items: readonly string[] | undefined): readonly Item[] {
  if (items === undefined) return spec.items;
  return items.map((text) => {
    const found = spec.items.filter(({ type, name }) => text === name || text.toLowerCase() === `${type.toLowerCase()}/${name}`);
    const [item] = found;
    const asked = spec.items.map(({ type, name }) => `${type}/${name}`).join(', ');
    if (item === undefined)
      throw new CliError(exitCodes.usage, `${metadata.name} does not ask for "${text}"; it asks for: ${asked}`);
    if (found.length > 1) throw new CliError(exitCodes.usage, `"${text}" is ambiguous: write its type too, one of ${asked}`);
    return item;
  });
}

/**
 * A time on the command line: RFC 3339, a day (its beginning in UTC), or a duration from now such as 90d or 12h.
 * @throws CliError for anything else, and for what has passed.
 */
export function parseEnd(text: string, now: number): string {
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  const at = days === undefined ? (timeIn(text) ?? now + durationIn(text)) : now + Number(days) * 86_400_000;
  if (at <= now) throw new CliError(exitCodes.usage, `"${text}" has passed: give a time to come`);
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

function timeIn(text: string): number | undefined {
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$/;
  const at = form.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

function durationIn(text: string): number {
  try {
    return durationMs(text);
  } catch {
    throw new CliError(
      exitCodes.usage,
      `"${text}" is no time: write 2027-01-31, 2027-01-31T12:00:00Z, or from now on 90d or 12h`,
    );
  }
}

function principalOf({ metadata, spec }: ReceivedShare, { decision }: Decision): Pick<ShareApprovalSpec, 'principal'> {
  const arn = spec.principal?.arn;
  if (arn !== undefined) return { principal: { arn } };
  if (decision === 'Rejected') return {};
  throw new CliError(
    exitCodes.attention,
    `the principal of ${metadata.name} is not known yet, and consent is given to somebody: ask again when "kubectl share inbox ${metadata.name}" shows one`,
  );
}

/** For a rejection none means all, which it stays whatever is rejected later. */
function itemsOf(received: ReceivedShare, decision: Decision, before: ShareApprovalSpec | undefined): ShareApprovalSpec['items'] {
  const rejects = decision.decision === 'Rejected';
  if (rejects && (decision.items === undefined || (before !== undefined && before.items.length === 0))) return [];
  const chosen = chosenItems(received, decision.items).map((item) => itemFor(received, decision, item));
  const kept = (before?.items ?? []).filter((old) => !chosen.some(({ type, name }) => type === old.type && name === old.name));
  return [...kept, ...chosen];
}

function itemFor(
  { metadata, spec }: ReceivedShare,
  decision: Decision,
  { type, name, digest }: Item,
): ShareApprovalSpec['items'][number] {
  const permissions = [...(decision.permissions ?? spec.permissions)];
  if (decision.decision === 'Rejected' || !decision.digests) return { type, name, permissions };
  if (digest !== undefined) return { type, name, permissions, digest };
  throw new CliError(
    exitCodes.attention,
    `where ${type} ${name} of ${metadata.name} is, is not known yet, so there is nothing to be reviewed: see "kubectl share why receivedshare/${metadata.name}", approve the others with --items, or approve whatever the name comes to mean with --no-digest`,
  );
}
