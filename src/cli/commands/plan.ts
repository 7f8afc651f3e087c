/**
 * `plan`: what approving requests would write in AWS: the documents, the calls and the statements. From files alone, from the cluster, or from files with what they
 * name in the cluster. Nothing is written and AWS is not asked.
 */
import type { ReceivedShare, ShareRequest } from '../../api/index.ts';
import { types } from '../../controllers/cluster.ts';
import { targetKeysOf } from '../../controllers/ledger.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { JsonObject } from '../../policy/document.ts';
import { describeProblem } from '../causes.ts';
import type { Context } from '../context.ts';
import { CliError, exitCodes, type ExitCode } from '../exit.ts';
import { parseName, read } from '../objects.ts';
import { isForPrograms, printData } from '../output.ts';
import { planDocuments, type Planned, type PlannedDocument } from '../plan/documents.ts';
import { gatherKnown, type Gathered } from '../plan/gather.ts';
import { parseManifests, readSources } from '../plan/manifests.ts';
import { planItems, type PlannedItem } from '../plan/resolve.ts';
import { styled } from '../text.ts';
import { count, nameOf } from '../words.ts';

/** Flags of `plan`. */
export interface PlanFlags {
  readonly filename?: readonly string[];
  /** Ask no cluster. */
  readonly offline?: boolean;
  readonly installation?: string;
  readonly trustedNamespaceLabels?: readonly string[];
  readonly stdin: NodeJS.ReadableStream;
}

interface PlannedRequest {
  readonly request: ShareRequest;
  readonly items: readonly PlannedItem[];
}

/** Plans the requests of the files, or the request of this name. Exit code 3 where something could not be shared, or could not be judged. */
export async function plan(context: Context, name: string | undefined, flags: PlanFlags): Promise<ExitCode> {
  if (name !== undefined && flags.filename === undefined) {
    const named = parseName(name, types.request, [types.request, types.received]);
    if (named.type.kind === types.received.kind) return showReceived(context, await read(context, types.received, named.name));
    const request = await read(context, types.request, named.name);
    return showPlan(context, [request], await gatherKnown(context, { requests: [request], files: [], ...settingsOf(flags) }));
  }
  if (flags.filename === undefined)
    throw new CliError(
      exitCodes.usage,
      'say what to plan: the name of a ShareRequest, or -f with a file or folder that holds one',
    );
  const files = parseManifests(await readSources(flags.filename, flags.stdin), context.namespace);
  const requests = files.filter(isRequest).filter(({ metadata }) => name === undefined || metadata.name === name);
  if (requests.length === 0)
    throw new CliError(exitCodes.failed, `the files hold no ShareRequest${name === undefined ? '' : ` ${name}`}`);
  return showPlan(context, requests, await gatherKnown(context, { requests, files, ...settingsOf(flags) }));
}

function settingsOf({ offline = false, installation, trustedNamespaceLabels = [] }: PlanFlags): {
  readonly offline: boolean;
  readonly installation: string | undefined;
  readonly trustedLabels: readonly string[];
} {
  return { offline, installation, trustedLabels: trustedNamespaceLabels };
}

function isRequest(object: KubeObject): object is ShareRequest {
  return object.kind === types.request.kind;
}

/** The owner's own plan was made by the operator, which has seen AWS. */
function showReceived(context: Context, received: ReceivedShare): ExitCode {
  const lines = received.status?.plan ?? [];
  if (isForPrograms(context)) printData(context, lines);
  else if (lines.length === 0) context.terminal.note('Nothing waits for approval.');
  else for (const line of lines) context.terminal.line(line);
  return exitCodes.ok;
}

function showPlan(context: Context, requests: readonly ShareRequest[], gathered: Gathered): ExitCode {
  const known = { ...gathered.known, targetKeys: targetKeysOf };
  // Without all objects a verdict would be a guess.
  const judged = requests.filter((request) => !gathered.incomplete.has(request));
  const planned = judged.map((request): PlannedRequest => ({ request, items: planItems(request, known) }));
  const shared = planned.flatMap(({ request, items }) =>
    items.flatMap(({ entry }): Planned[] => (entry === undefined ? [] : [{ request, entry }])),
  );
  const documents = planDocuments(shared, known);
  if (isForPrograms(context)) printData(context, dataOf(requests, planned, { documents, gathered }));
  else printPlan(context, requests, { planned, documents, gathered });
  const whole =
    judged.length === requests.length && planned.every(({ items }) => items.every(({ entry }) => entry !== undefined));
  return whole && documents.every(({ refused }) => refused.length === 0) ? exitCodes.ok : exitCodes.attention;
}

interface Shown {
  readonly documents: readonly PlannedDocument[];
  readonly gathered: Gathered;
}

function dataOf(requests: readonly ShareRequest[], planned: readonly PlannedRequest[], { documents, gathered }: Shown): object {
  return {
    requests: requests.map((request) => {
      const found = planned.find((each) => each.request === request);
      const items = found?.items.map(({ type, name, entry, problem, notOffered }) => ({
        type,
        name,
        ...(entry === undefined ? {} : { permissions: entry.permissions, targets: entry.targets }),
        ...(problem === undefined ? {} : { problem }),
        ...(notOffered.length === 0 ? {} : { notOffered }),
      }));
      return {
        namespace: request.metadata.namespace,
        name: request.metadata.name,
        judged: found !== undefined,
        ...(items === undefined ? {} : { items }),
      };
    }),
    documents,
    notKnown: gathered.notes,
  };
}

function printPlan(
  context: Context,
  requests: readonly ShareRequest[],
  shown: Shown & { readonly planned: readonly PlannedRequest[] },
): void {
  const { terminal } = context;
  for (const request of requests) {
    terminal.line(styled('strong', `ShareRequest ${nameOf(request)}`));
    const items = shown.planned.find((each) => each.request === request)?.items;
    for (const item of items ?? []) printItem(context, item);
    if (items === undefined) printOperatorsPlan(context, request);
  }
  for (const document of shown.documents) printDocument(context, document);
  for (const note of shown.gathered.notes) terminal.note(styled('busy', 'Not known: '), note);
  if (shown.documents.length > 0)
    terminal.note(
      styled(
        'faint',
        `${count(shown.documents.length, 'AWS document')}. AWS was not asked: what others wrote there stays, and what is there of Sluice's already is not written again.`,
      ),
    );
}

function printItem({ terminal }: Context, { type, name, entry, problem, notOffered }: PlannedItem): void {
  if (entry !== undefined)
    terminal.line('  ', styled('good', '+'), ` ${type} ${name}: ${entry.permissions.join(', ')} for ${entry.principal.arn}`);
  if (notOffered.length > 0)
    terminal.line(styled('busy', `    not offered by the Dataset, so never granted: ${notOffered.join(', ')}`));
  if (problem !== undefined) {
    terminal.line('  ', styled('bad', '!'), ` ${type} ${name}: `, styled('bad', problem.reason), ` ${problem.message}`);
    terminal.line(styled('faint', `    ${describeProblem(problem.reason)}`));
  }
}

/** Whoever may not read the owner's side still has what the operator wrote for him. */
function printOperatorsPlan({ terminal }: Context, { status }: ShareRequest): void {
  const lines = status?.plan ?? [];
  for (const line of lines) terminal.line('  ', styled('good', '+'), ` ${line}`);
  terminal.line(
    styled(
      'faint',
      lines.length > 0
        ? "  That is the consumer's side, as the operator wrote it into the request; the owner sees the whole in his ReceivedShare."
        : "  It can't be judged here; once it is submitted, the operator writes the plan into its status and into the ReceivedShare of the owner.",
    ),
  );
}

function printDocument({ terminal }: Context, document: PlannedDocument): void {
  const { description, accountId, region, roleArn, calls, statements, refused } = document;
  terminal.line('');
  terminal.line(
    styled('strong', description),
    styled('faint', `  account ${accountId}, ${region}${roleArn === undefined ? '' : `, as ${roleArn}`}`),
  );
  if (calls.length > 0) terminal.line(`  calls: ${calls.join(', ')}`);
  for (const { reason, message } of refused) terminal.line('  ', styled('bad', reason), ` ${message}`);
  for (const statement of statements)
    for (const line of statementLines(statement)) terminal.line('  ', styled('good', `+ ${line}`));
}

/** JSON with each list on one line: statements are long enough. */
function statementLines(statement: JsonObject): string[] {
  const text = JSON.stringify(statement, undefined, 2);
  return text.replace(/\[\n\s+([^[\]{}]*?)\n\s+\]/g, (_, inner: string) => `[${inner.replace(/\n\s+/g, ' ')}]`).split('\n');
}
