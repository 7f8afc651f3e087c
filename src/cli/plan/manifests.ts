/**
 * Manifests of our kinds from files, folders and standard input: checked against the kinds' own schemas, with defaults filled in as the API server would. What is
 * of another kind is passed over, since folders hold more than ours.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { apiVersion, kinds, type KindDefinition } from '../../api/index.ts';
import type { KubeObject } from '../../kube/object.ts';
import { CliError, exitCodes } from '../exit.ts';

/** A text that manifests are in. */
export interface Source {
  /** Path, or `standard input`. */
  readonly name: string;
  readonly text: string;
}

const envelope = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string().min(1), namespace: z.string().optional() }),
});
const listEnvelope = z.looseObject({ kind: z.literal('List'), items: z.array(z.unknown()) });

/** Reads what -f names: a file, a folder with all its files below, or `-`. @throws CliError for what can't be read. */
export async function readSources(paths: readonly string[], stdin: NodeJS.ReadableStream): Promise<Source[]> {
  const sources = await Promise.all(
    paths.map(async (path) =>
      path === '-' ? [{ name: 'standard input', text: await readAll(stdin) }] : filesOf(path).map(readSource),
    ),
  );
  return sources.flat();
}

/** Our objects of the texts; those without a namespace are in `namespace`. @throws CliError with every mistake that was found. */
export function parseManifests(sources: readonly Source[], namespace: string): KubeObject[] {
  const mistakes: string[] = [];
  const objects = sources.flatMap(({ name, text }) =>
    parseAllDocuments(text).flatMap((document) => {
      for (const error of document.errors) mistakes.push(`${name}: ${error.message.split('\n')[0] ?? ''}`);
      if (document.errors.length > 0) return [];
      return flatten(document.toJS()).flatMap((value) => {
        const parsed = parseObject(value, namespace);
        if (typeof parsed === 'string') mistakes.push(`${name}: ${parsed}`);
        return parsed === undefined || typeof parsed === 'string' ? [] : [parsed];
      });
    }),
  );
  if (mistakes.length > 0) throw new CliError(exitCodes.failed, mistakes.join('\n'));
  return objects;
}

function filesOf(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ya?ml|json)$/.test(name))
      .toSorted()
      .map((name) => join(path, name));
  } catch (error) {
    throw unreadable(path, error);
  }
}

function readSource(path: string): Source {
  try {
    return { name: path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): CliError {
  return new CliError(exitCodes.failed, `${path} can't be read: ${error instanceof Error ? error.message : String(error)}`);
}

function flatten(value: unknown): unknown[] {
  const parsed = listEnvelope.safeParse(value);
  return parsed.success ? parsed.data.items.flatMap(flatten) : [value];
}

/** The object; a text where it is wrong; undefined where it is none of ours. */
function parseObject(value: unknown, namespace: string): KubeObject | string | undefined {
  const outer = envelope.safeParse(value);
  if (!outer.success) return undefined;
  const { kind, metadata } = outer.data;
  if (kind === 'Namespace') return { ...outer.data, spec: {} } as KubeObject;
  const definition = (kinds as readonly KindDefinition[]).find(
    (each) => each.kind === kind && outer.data.apiVersion === apiVersion,
  );
  if (definition === undefined) return undefined;
  const spec = definition.specSchema.safeParse(outer.data['spec']);
  if (!spec.success) return `${kind} ${metadata.name}: ${spec.error.issues.map(issueText).join('; ')}`;
  const place = definition.scope === 'Namespaced' ? { namespace: metadata.namespace ?? namespace } : {};
  return { ...outer.data, metadata: { ...metadata, ...place }, spec: spec.data } as KubeObject;
}

function issueText({ path, message }: z.core.$ZodIssue): string {
  return `spec${path.map((part) => (typeof part === 'number' ? `[${String(part)}]` : `.${String(part)}`)).join('')}: ${message}`;
}
