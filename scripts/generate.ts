/**
 * Writes what is made from src/api: CRDs, their copies in the chart, the reference; and the patch of Argo CD's settings. With --check it writes nothing, says what is stale and
 * fails. It deletes nothing: a file that no kind explains any more is reported by --check.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { KindDefinition } from '../src/api/kind.ts';
import { kinds } from '../src/api/kinds.ts';
import { argocdPatch, argocdPatchFile } from './generate/argocd.ts';
import { crdFile, crdTemplate } from './generate/crd.ts';
import { metricsPage } from './generate/metrics.ts';
import { permissionsPage } from './generate/permissions.ts';
import { reasonsPage, referencePage } from './generate/reference.ts';
import { lifecyclePage } from './lifecycle/page.ts';

const root = join(import.meta.dirname, '..');
const folders = { crds: 'crds', chart: 'charts/sluice/templates/crds', reference: 'docs/reference' };

/** Every generated file: path from the root → content. */
export function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>([[`${folders.reference}/reasons.md`, reasonsPage()]]);
  for (const kind of kinds as readonly KindDefinition[]) {
    files.set(`${folders.crds}/${kind.plural}.yaml`, crdFile(kind));
    files.set(`${folders.chart}/${kind.plural}.yaml`, crdTemplate(kind));
    const part = readFileSync(join(root, folders.reference, 'parts', `${kind.singular}.md`), 'utf8');
    files.set(`${folders.reference}/${kind.singular}.md`, referencePage(kind, part));
  }
  files.set(`${folders.reference}/metrics.md`, metricsPage());
  files.set(`${folders.reference}/lifecycle-table.md`, lifecyclePage());
  const permissions = 'docs/aws-permissions.md';
  files.set(permissions, permissionsPage(readFileSync(join(root, permissions), 'utf8')));
  files.set(argocdPatchFile, argocdPatch(root));
  return files;
}

/** What is stale, one line each: a missing, changed or unexplained file. */
export function staleFiles(files: ReadonlyMap<string, string>): string[] {
  const stale = [...files].flatMap(([path, wanted]) => {
    const file = join(root, path);
    if (!existsSync(file)) return [`${path}: missing`];
    return differenceOf(path, readFileSync(file, 'utf8'), wanted);
  });
  const found = [folders.crds, folders.chart].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
  );
  return [...stale, ...found.filter((path) => !files.has(path)).map((path) => `${path}: no kind explains it, delete it`)];
}

function differenceOf(path: string, have: string, want: string): string[] {
  if (have === want) return [];
  const [haveLines, wantLines] = [have.split('\n'), want.split('\n')];
  const first = wantLines.findIndex((line, i) => line !== haveLines[i]);
  const at = first === -1 ? wantLines.length : first;
  return [
    `${path}: first difference in line ${at + 1}\n  - ${haveLines[at] ?? '(end of file)'}\n  + ${wantLines[at] ?? '(end of file)'}`,
  ];
}

function main(check: boolean): void {
  const files = generatedFiles();
  if (!check) {
    for (const [path, content] of files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    console.log(`${files.size} files written`);
    return;
  }
  const stale = staleFiles(files);
  if (stale.length === 0) return;
  console.error(`${stale.length} generated files are stale; run "npm run generate":\n${stale.join('\n')}`);
  process.exitCode = 1;
}

if (import.meta.main) main(process.argv.includes('--check'));
