/**
 * `approve` and `reject`: shows what is decided on, asks, and writes a ShareApproval; or prints it for a repository. Needs rights in the Dataset's namespace only.
 */
import type { Permission, ReceivedShare, ShareApproval } from '../../api/index.ts';
import { types } from '../../controllers/cluster.ts';
import { isNotFound } from '../../kube/errors.ts';
import { receivedShareName } from '../../shares/names.ts';
import { approvalFor, chosenItems, manifestName, parseEnd, type Decision, type Manifest } from '../approval.ts';
import type { Context } from '../context.ts';
import { CliError, exitCodes, type ExitCode } from '../exit.ts';
import { list, read } from '../objects.ts';
import { isForPrograms, printData, printObjects } from '../output.ts';
import { styled } from '../text.ts';
import { end } from '../words.ts';
import { reviewLines } from './lists.ts';

/** Flags of `approve` and `reject`. */
export interface DecideFlags {
  readonly items?: readonly string[];
  readonly permissions?: readonly Permission[];
  readonly expire?: string;
  readonly reason?: string;
  readonly name?: string;
  readonly digest?: boolean;
  readonly yes?: boolean;
  /** client: print only. server: let the cluster check it, and store nothing. */
  readonly dryRun?: 'client' | 'server';
  /** `reject` only: refuse the later end and leave the rest; a time, or true for the one that is asked for. */
  readonly extension?: string | true;
}

/** Owner of the fields that this program sets. */
export const fieldManager = 'kubectl-share';

/** Decides on a request, by the name of its ReceivedShare or as `namespace/request`. */
export async function decide(
  context: Context,
  answer: Decision['decision'],
  { name, flags }: { readonly name: string; readonly flags: DecideFlags },
): Promise<ExitCode> {
  const received = await read(context, types.received, receivedName(name));
  if (flags.extension !== undefined) return rejectExtension(context, received, flags);
  const decision = decisionOf(context, answer, flags);
  const existing = await readIfThere(context, manifestName(received, decision));
  if (answer === 'Approved') await refuseIfRejected(context, received, decision);
  const manifest = approvalFor(received, decision, existing);
  if (flags.dryRun === 'client') {
    if (context.output === 'name') printObjects(context, [manifest]);
    else printData({ terminal: context.terminal, output: context.output === 'json' ? 'json' : 'yaml' }, manifest);
    return exitCodes.ok;
  }
  if (flags.dryRun === undefined) await confirm(context, flags, () => explain(context, received, manifest));
  return write(context, manifest, { existing, dryRun: flags.dryRun === 'server' });
}

function receivedName(text: string): string {
  const [namespace = '', name] = text.split('/');
  return name === undefined ? text : receivedShareName({ namespace, name });
}

function decisionOf({ clock }: Context, decision: Decision['decision'], flags: DecideFlags): Decision {
  const { items, permissions, expire, reason, name } = flags;
  return {
    decision,
    digests: flags.digest !== false,
    ...(items === undefined ? {} : { items }),
    ...(permissions === undefined ? {} : { permissions }),
    ...(expire === undefined ? {} : { expireTime: parseEnd(expire, clock.now()) }),
    ...(reason === undefined ? {} : { reason }),
    ...(name === undefined ? {} : { name }),
  };
}

async function readIfThere(context: Context, name: string): Promise<ShareApproval | undefined> {
  try {
    return await read(context, types.approval, name);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** An approval that a rejection makes ineffective would look like consent and be none. */
async function refuseIfRejected(context: Context, received: ReceivedShare, decision: Decision): Promise<void> {
  const chosen = chosenItems(received, decision.items);
  const rejecting = (await approvalsOf(context, received)).find(
    ({ metadata, spec }) =>
      spec.decision === 'Rejected' &&
      metadata.name !== manifestName(received, decision) &&
      (spec.items.length === 0 ||
        spec.items.some((item) => chosen.some(({ type, name }) => type === item.type && name === item.name))),
  );
  if (rejecting === undefined) return;
  const { name, namespace = '' } = rejecting.metadata;
  throw new CliError(
    exitCodes.attention,
    `ShareApproval ${name} rejects this, and a rejection wins over every approval. To take it back: kubectl delete shareapproval ${name} -n ${namespace}`,
  );
}

async function approvalsOf(context: Context, { spec }: ReceivedShare): Promise<ShareApproval[]> {
  const { namespace, name } = spec.requestRef;
  return (await list({ ...context, allNamespaces: false }, types.approval)).filter(
    ({ metadata, spec: { requestRef } }) =>
      metadata.deletionTimestamp === undefined && requestRef.namespace === namespace && requestRef.name === name,
  );
}

function explain({ terminal }: Context, received: ReceivedShare, { spec }: Manifest): string {
  for (const line of reviewLines(received)) terminal.note(...line);
  terminal.note('');
  const items = spec.items.map(({ type, name, permissions }) =>
    spec.decision === 'Approved' ? `${type} ${name} (${permissions.join(', ')})` : `${type} ${name}`,
  );
  const what = items.length === 0 ? 'everything' : items.join(', ');
  const until =
    spec.decision === 'Rejected'
      ? ''
      : spec.expireTime === undefined
        ? ' without an end of yours'
        : ` until ${end(spec.expireTime)}`;
  return spec.decision === 'Approved'
    ? `Approve ${what} for ${spec.principal?.arn ?? ''}${until}?`
    : `Reject ${what}? What is shared of it is taken back.`;
}

/** Asks on a terminal. Without one nobody can answer, so --yes has to say it. */
async function confirm({ terminal }: Context, { yes }: DecideFlags, question: () => string): Promise<void> {
  if (yes === true) return;
  if (!terminal.interactive)
    throw new CliError(
      exitCodes.usage,
      'nobody can be asked, since this is no terminal: repeat it with --yes, or look first with --dry-run=client',
    );
  const answer = await terminal.ask(`${question()} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError(exitCodes.declined, 'nothing was written');
}

async function write(
  context: Context,
  { metadata, spec }: Manifest,
  { existing, dryRun }: { readonly existing: ShareApproval | undefined; readonly dryRun: boolean },
): Promise<ExitCode> {
  const { client, terminal, signal } = context;
  // What was merged is what was read: somebody else's change in between is a conflict.
  const resourceVersion = existing?.metadata.resourceVersion;
  const object = { metadata: { ...metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) }, spec };
  const written = await client.apply(types.approval, object, { fieldManager, force: false, dryRun, signal });
  if (isForPrograms(context) || context.output === 'name') printObjects(context, [written], 'one');
  else
    terminal.line(
      styled('strong', `shareapproval/${metadata.name}`),
      ` ${existing === undefined ? 'created' : 'updated'}${dryRun ? ' (dry run by the cluster: nothing is stored)' : ''}`,
    );
  return exitCodes.ok;
}

/** Leaves what is approved as it is, and answers no to the later end. */
async function rejectExtension(context: Context, received: ReceivedShare, flags: DecideFlags): Promise<ExitCode> {
  const { client, terminal, clock, signal } = context;
  const asked = flags.extension === true ? received.spec.expireTime : parseEnd(flags.extension ?? '', clock.now());
  if (asked === undefined)
    throw new CliError(
      exitCodes.usage,
      'the request names no end but a duration: say from which time on you refuse, with --extension=<time>',
    );
  const approved = (await approvalsOf(context, received)).filter(({ spec }) => spec.decision === 'Approved');
  const [approval] = approved.toSorted((left, right) => (right.spec.expireTime ?? '').localeCompare(left.spec.expireTime ?? ''));
  if (approval === undefined)
    throw new CliError(
      exitCodes.attention,
      `no ShareApproval approves ${received.metadata.name}, so there is no end to be extended`,
    );
  const { name, namespace = '', resourceVersion } = approval.metadata;
  const extension = { rejectedExpireTime: asked, ...(flags.reason === undefined ? {} : { reason: flags.reason }) };
  const body = { metadata: { resourceVersion }, spec: { extension } };
  if (flags.dryRun === undefined)
    await confirm(
      context,
      flags,
      () => `Refuse ends from ${end(asked)} on? Access goes on until ${end(approval.spec.expireTime)}.`,
    );
  const dryRun = flags.dryRun !== undefined;
  const written = await client.mergePatch(types.approval, { name, namespace, body }, { fieldManager, dryRun, signal });
  if (isForPrograms(context) || context.output === 'name') printObjects(context, [written], 'one');
  else
    terminal.line(
      styled('strong', `shareapproval/${name}`),
      ` updated${dryRun ? ' (dry run by the cluster: nothing is stored)' : ''}`,
    );
  return exitCodes.ok;
}
