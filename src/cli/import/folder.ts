/**
 * Writes the files of an import: a folder for each namespace with one object in each file, so that each team can take its own into its repository. What is there
 * already and differs is never written over unasked: somebody may have changed it.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { KubeObject } from '../../kube/object.ts';
import { CliError, exitCodes } from '../exit.ts';

/** A file, by its path in the folder. */
export interface OutputFile {
  readonly path: string;
  readonly text: string;
}

/** What writing did. */
export interface Written {
  readonly written: readonly string[];
  readonly unchanged: number;
  /** Manifests that are in the folder and that this import did not make. */
  readonly others: readonly string[];
}

/** The file of an object: `<namespace>/<kind>-<name>.yaml`. */
export function fileOf(object: KubeObject): OutputFile {
  const { kind, metadata } = object;
  const path = join(metadata.namespace ?? '', `${kind.toLowerCase()}-${metadata.name}.yaml`);
  // As kubectl reads it, which is YAML 1.1: a purpose that is only «no» is a text.
  return { path, text: stringify(object, { lineWidth: 0, version: '1.1', aliasDuplicateObjects: false }) };
}

/** Writes the files. @throws CliError before anything is written, where a file differs and `overwrite` is not set, or the folder can't be written. */
export function writeFolder(folder: string, files: readonly OutputFile[], overwrite: boolean): Written {
  try {
    const changes = files.filter(({ path, text }) => textOf(join(folder, path)) !== text);
    const differing = changes.filter(({ path }) => existsSync(join(folder, path))).map(({ path }) => path);
    if (differing.length > 0 && !overwrite)
      throw new CliError(
        exitCodes.failed,
        [
          `there are files in ${folder} that differ, and nothing was written:`,
          ...differing,
          'Give another folder, or --overwrite.',
        ].join('\n'),
      );
    for (const { path, text } of changes) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const made = new Set(files.map(({ path }) => path));
    const there = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml'));
    const others = there.filter((path) => !made.has(path)).toSorted();
    return { written: changes.map(({ path }) => path), unchanged: files.length - changes.length, others };
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(exitCodes.failed, `${folder} can't be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function textOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
