/**
 * Writes docs/reference/lifecycle-table.md: every situation of a ShareItem crossed with what AWS holds → phase, conditions, and what kstatus and Argo CD make of
 * them. With --check it writes nothing and fails when the page is stale. The rules themselves are in src/shares; nothing is decided here.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lifecyclePage } from './lifecycle/page.ts';

const file = join(import.meta.dirname, '../docs/reference/lifecycle-table.md');

function main(check: boolean): void {
  const page = lifecyclePage();
  if (!check) {
    writeFileSync(file, page);
    return;
  }
  if (readFileSync(file, 'utf8') === page) return;
  console.error('docs/reference/lifecycle-table.md is stale: run "node scripts/lifecycle-table.ts"');
  process.exitCode = 1;
}

if (import.meta.main) main(process.argv.includes('--check'));
