/** The page about data.all: its example is run and prints what the page says, its queries ask for what the importer reads, its table of states is the importer's. To write outputs anew, run this file with -u. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readMapping } from '../../../src/cli/import/mapping.ts';
import { itemStates } from '../../../src/cli/import/states.ts';
import { createWorld } from '../cli/harness.ts';

const root = join(import.meta.dirname, '../../..');
const page = join(root, 'docs/migration.md');
const text = readFileSync(page, 'utf8');

test('the example prints what the page says', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-migration-'));
  try {
    const rendered: string[] = [];
    let code = 0;
    for (const part of text.split(/(^```console\n[\s\S]*?^```)/m)) {
      const commands = [...part.matchAll(/^\$ (.+)$/gm)].map(([, command = '']) => command);
      if (!part.startsWith('```console')) rendered.push(part);
      else {
        const outputs: string[] = [];
        for (const command of commands) {
          if (command === 'echo $?') outputs.push(`$ ${command}\n${String(code)}\n`);
          else {
            const ran = await imported(command, folder);
            code = ran.code;
            outputs.push(`$ ${command}\n${ran.all}`);
          }
        }
        rendered.push(`\`\`\`console\n${outputs.join('\n')}\`\`\``);
      }
    }
    await expect(rendered.join('')).toMatchFileSnapshot(page);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Runs the command with the repository's files, and with another folder to write to. */
async function imported(command: string, folder: string): Promise<{ readonly code: number; readonly all: string }> {
  const words = command
    .replace(/^kubectl share /, '')
    .replace('--to migration', `--to ${folder}`)
    .split(' ');
  const placed = words.map((word) => (word.startsWith('examples/') ? join(root, word) : word));
  const ran = await createWorld({ namespace: 'default', start: 0 }).run(placed);
  return { code: ran.code, all: ran.all.replaceAll(folder, 'migration') };
}

test('the table of states is what the importer does', () => {
  const rows = [...text.matchAll(/^\| (`\w+`(?:, `\w+`)*) \| (asked for, and approved|asked for, not approved|left)/gm)];
  const fates = { 'asked for, and approved': 'approved', 'asked for, not approved': 'asked', left: 'left' } as const;
  const told = rows.flatMap(([, states = '', words = '']) =>
    [...states.matchAll(/`(\w+)`/g)].map(([, state = '']) => [state, fates[words as keyof typeof fates]]),
  );
  const done = Object.entries(itemStates).map(([state, { fate }]) => [state, fate]);
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(done));
});

test('the queries ask for every field that the importer reads', () => {
  const queries = [...text.matchAll(/^```graphql\n([\s\S]*?)^```/gm)].map(([, query = '']) => query).join('');
  const asked = new Set(queries.match(/\w+/g));
  const source = readFileSync(join(root, 'src/cli/import/export.ts'), 'utf8');
  const schemas = source.slice(source.indexOf('const shareItem'), source.indexOf('/** A share of data.all'));
  const fields = [...schemas.matchAll(/(\w+):/g)].map(([, field = '']) => field);
  expect(fields.length).toBeGreaterThan(30);
  expect(fields.filter((field) => !asked.has(field))).toEqual([]);
});

test('the mapping of the page and that of the example can be read', () => {
  const block = /^```yaml\n([\s\S]*?)^```/m.exec(text)?.[1] ?? '';
  expect(readMapping({ name: 'page', text: block }).namespaces).toEqual({ Sales: 'team-sales' });
  const example = readFileSync(join(root, 'examples/data-all/map.yaml'), 'utf8');
  expect(readMapping({ name: 'example', text: example })).toEqual(parse(example));
});
