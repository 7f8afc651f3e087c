/**
 * What data.all's GraphQL API answers about shares and datasets (2.9: ShareObject of shares_base/api/types.py, Dataset of s3_datasets/api/dataset/types.py), as far as it
 * is used, and how it is found in files: an answer as it came, a list of answers, or their nodes. Nothing is guessed: what is missing is said.
 */
import { z } from 'zod';
import { CliError, exitCodes } from '../exit.ts';
import type { Source } from '../plan/manifests.ts';

/** GraphQL leaves out nothing that was asked for, and answers null for what is not there. */
const maybe = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().transform((value) => value ?? undefined);
const text = z.string();
const page = { count: maybe(z.number()), page: maybe(z.number()), pages: maybe(z.number()) };

const shareItem = z.object({
  itemUri: text,
  itemType: text,
  itemName: text,
  status: text,
  healthStatus: maybe(text),
  healthMessage: maybe(text),
});

const shareObject = z.object({
  shareUri: text,
  status: text,
  owner: maybe(text),
  requestPurpose: maybe(text),
  expiryDate: maybe(text),
  requestedExpiryDate: maybe(text),
  nonExpirable: maybe(z.boolean()),
  permissions: z.array(text),
  policyManagement: maybe(text),
  principal: z
    .object({
      principalName: text,
      principalType: text,
      principalId: text,
      principalRoleName: maybe(text),
      SamlGroupName: text,
      environmentName: maybe(text),
    })
    .nullable(),
  dataset: z
    .object({
      datasetUri: text,
      datasetName: text,
      SamlAdminGroupName: text,
      environmentName: maybe(text),
      AwsAccountId: text,
      region: text,
      exists: maybe(z.boolean()),
      description: maybe(text),
    })
    .nullable(),
  environment: maybe(z.object({ environmentUri: text, resourcePrefix: text, region: maybe(text) })),
  items: z.object({ ...page, nodes: z.array(shareItem) }),
});

const location = z.object({ locationUri: text, name: text, S3Prefix: text });

const dataset = z.object({
  datasetUri: text,
  label: maybe(text),
  description: maybe(text),
  stewards: maybe(text),
  confidentiality: maybe(text),
  autoApprovalEnabled: maybe(z.boolean()),
  enableExpiration: maybe(z.boolean()),
  imported: maybe(z.boolean()),
  restricted: z.object({ S3BucketName: text, KmsAlias: maybe(text), importedKmsKey: maybe(z.boolean()) }),
  locations: maybe(z.object({ ...page, nodes: z.array(location) })),
});

/** A share of data.all, which is what it calls a ShareObject. */
export type DataAllShare = z.infer<typeof shareObject>;
/** An item of a share. */
export type DataAllItem = z.infer<typeof shareItem>;
/** A dataset of data.all, as getDataset answers. */
export type DataAllDataset = z.infer<typeof dataset>;

/** The shares of the files, each once, by URI. @throws CliError with everything that is wrong or missing. */
export function readShares(sources: readonly Source[]): DataAllShare[] {
  const shares = readAll(sources, { schema: shareObject, uri: 'shareUri', what: 'share' });
  complete(shares.map(({ shareUri, items }) => ({ whose: `items of share ${shareUri}`, list: items })));
  return shares;
}

/** The datasets of the files, each once, by URI. @throws CliError with everything that is wrong or missing. */
export function readDatasets(sources: readonly Source[]): DataAllDataset[] {
  const datasets = readAll(sources, { schema: dataset, uri: 'datasetUri', what: 'dataset' });
  complete(
    datasets.flatMap(({ datasetUri, locations }) =>
      locations === undefined ? [] : [{ whose: `locations of dataset ${datasetUri}`, list: locations }],
    ),
  );
  return datasets;
}

interface Wanted<Schema extends z.ZodType> {
  readonly schema: Schema;
  /** The member by which one is told from something else. */
  readonly uri: string;
  readonly what: string;
}

function readAll<Schema extends z.ZodType>(sources: readonly Source[], wanted: Wanted<Schema>): z.infer<Schema>[] {
  const mistakes: string[] = [];
  const found = new Map<string, z.infer<Schema>>();
  const pages: Page[] = [];
  for (const source of sources) {
    const nodes = nodesOf(parseJson(source), { ...wanted, source: source.name, pages, mistakes });
    if (nodes.length === 0) mistakes.push(`${source.name}: there is no ${wanted.what} in it (nothing with ${wanted.uri})`);
    for (const node of nodes) {
      const parsed = wanted.schema.safeParse(node);
      if (parsed.success) found.set(node[wanted.uri] as string, parsed.data);
      else
        mistakes.push(
          ...parsed.error.issues.map((issue) => `${source.name}: ${wanted.what} ${nameOf(node, wanted)}: ${told(issue)}`),
        );
    }
  }
  mistakes.push(...missingPages(pages));
  if (mistakes.length > 0) throw new CliError(exitCodes.failed, [...new Set(mistakes), hint].join('\n'));
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}

const hint = 'The queries that ask for everything are in docs/migration.md.';

type Node = Readonly<Record<string, unknown>>;
interface Page {
  readonly page: number;
  readonly pages: number;
}
interface Search {
  readonly uri: string;
  readonly source: string;
  readonly pages: Page[];
  readonly mistakes: string[];
  /** What data.all said in this answer. */
  readonly errors?: string;
}

function parseJson({ name, text: json }: Source): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw new CliError(exitCodes.failed, `${name} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The objects with the URI, wherever answers have them: {data: {query: {nodes: […]}}}, {data: {query: …}}, lists of these. */
function nodesOf(value: unknown, search: Search): Node[] {
  if (Array.isArray(value)) return value.flatMap((each: unknown) => nodesOf(each, search));
  if (typeof value !== 'object' || value === null) return [];
  const node = value as Node;
  if (typeof node[search.uri] === 'string') return [node];
  if ('data' in node) return nodesOf(Object.values(node['data'] ?? {}), { ...search, ...errorsIn(node, search) });
  if (!Array.isArray(node['nodes'])) return nodesOf(Object.values(node), search);
  const nodes = node['nodes'] as readonly unknown[];
  const failed = nodes.filter((each) => each === null).length;
  if (failed > 0)
    search.mistakes.push(
      `${search.source}: data.all answered null for ${String(failed)} of ${String(nodes.length)}${search.errors ?? ''}. Where the role of a share is gone, ask without policyManagement: the share is then told as one that is left`,
    );
  if (typeof node['page'] === 'number' && typeof node['pages'] === 'number')
    search.pages.push({ page: node['page'], pages: node['pages'] });
  return nodesOf(nodes, search);
}

/** An answer with errors has null where it failed: what follows from that is said where it is missed. */
function errorsIn(answer: Node, search: Search): Pick<Search, 'errors'> {
  if (!Array.isArray(answer['errors'])) return {};
  const errors = ` with the errors ${JSON.stringify(answer['errors']).slice(0, 300)}`;
  const found = Object.values(answer['data'] ?? {});
  if (found.every((each) => each === null)) search.mistakes.push(`${search.source}: data.all answered nothing${errors}`);
  return { errors };
}
/** Lists that go on where the file ends: what is not seen would be lost. */
function complete(
  lists: readonly {
    readonly whose: string;
    readonly list: { readonly count?: number | undefined; readonly nodes: readonly unknown[] };
  }[],
): void {
  const short = lists.filter(({ list }) => list.count !== undefined && list.count > list.nodes.length);
  if (short.length === 0) return;
  const lines = short.map(
    ({ whose, list }) =>
      `the ${whose}: ${String(list.count)}, and only ${String(list.nodes.length)} are in the file: ask again with a larger pageSize`,
  );
  throw new CliError(exitCodes.failed, [...lines, hint].join('\n'));
}

function missingPages(pages: readonly Page[]): string[] {
  const last = Math.max(0, ...pages.map((each) => each.pages));
  const seen = new Set(pages.map((each) => each.page));
  const missing = Array.from({ length: last }, (_, index) => index + 1).filter((each) => !seen.has(each));
  if (missing.length === 0) return [];
  return [
    `the list has ${String(last)} pages, and ${missing.join(', ')} of them are in no file: give all files, or ask again with a larger pageSize`,
  ];
}

function nameOf(node: Node, { uri }: { readonly uri: string }): string {
  return String(node[uri]);
}

function told({ path, message }: z.core.$ZodIssue): string {
  return `${path.map(String).join('.')}: ${message}`;
}
