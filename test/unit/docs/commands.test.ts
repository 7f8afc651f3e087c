/**
 * Commands that the pages name can be typed as they stand: `kubectl share` has the command and the flags, kubectl's resources are ours or the cluster's, fields that are printed exist.
 * What they print is tested where a page shows it (kubectl-share.test.ts, migration.test.ts).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { kinds, type KindDefinition } from '../../../src/api/index.ts';
import { bareProgram } from '../cli/bare-program.ts';

const root = join(import.meta.dirname, '../../..');
const pages = [
  'README.md',
  'charts/sluice/README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.startsWith('adr/'))
    .map((path) => join('docs', path)),
];

interface Said {
  readonly page: string;
  /** The words of the command, without what follows a pipe, a redirection or a comment. */
  readonly words: readonly string[];
}

/** Commands in blocks and in code spans that begin with `kubectl`. */
const commands: readonly Said[] = pages.flatMap((page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = [...text.matchAll(/^```(?:sh|console)\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
    block.replaceAll('\\\n', ' ').split('\n'),
  );
  const spans = [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  return [...blocks, ...spans].flatMap((line) => {
    const command = /^(?:\$ )?(kubectl .+)$/.exec(line.trim())?.[1];
    return command === undefined ? [] : [{ page, words: wordsOf(command) }];
  });
});

function wordsOf(command: string): string[] {
  const words = [...command.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word);
  const end = words.findIndex((word) => /^([|>#;&…]|&&)/.test(word));
  return (end < 0 ? words : words.slice(0, end)).map((word) => word.replaceAll(/["']/g, ''));
}

describe('kubectl share', () => {
  const known = new Map(bareProgram().commands.map((each) => [each.name(), each]));
  const said = commands.filter(({ words }) => words[1] === 'share' && words.length > 2);

  test('is shown often enough for this to be a test', () => expect(said.length).toBeGreaterThan(60));

  test('has each command that a page names, with each of its flags', () => {
    const wrong = said.flatMap(({ page, words: [, , name = '', ...rest] }) => {
      // `<command>` stands for any of them, `--help` for itself.
      if (/^[<-]/.test(name)) return [];
      const command = known.get(name);
      if (command === undefined) return [`${page}: there is no kubectl share ${name}`];
      const flags = rest.filter((word) => /^--?[a-z]/i.test(word)).map((word) => word.split('=')[0] ?? '');
      return flags
        .filter((flag) => !command.options.some(({ short, long }) => flag === short || flag === long))
        .map((flag) => `${page}: kubectl share ${name} has no ${flag}`);
    });
    expect(wrong).toEqual([]);
  });
});

describe('kubectl', () => {
  const ours = kinds as readonly KindDefinition[];
  const kindOf = (resource: string): KindDefinition | undefined =>
    ours.find(({ plural, singular, kind }) =>
      [plural, singular, kind].some((each) => each.toLowerCase() === resource.toLowerCase()),
    );

  test('is never asked for a resource that looks like ours and is not', () => {
    const wrong = commands.flatMap(({ page, words: [, verb = '', resource = ''] }) => {
      if (!['get', 'describe', 'wait', 'delete', 'annotate', 'edit', 'patch'].includes(verb)) return [];
      const names = resource.split('/')[0]?.replace('.sluice.dev', '').split(',') ?? [];
      const alike = /^(share|dataset|environment|consumption|received|approval)/i;
      return names.filter((name) => alike.test(name) && kindOf(name) === undefined).map((name) => `${page}: ${verb} ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  test('prints fields that exist', () => {
    const printed = commands.flatMap(({ page, words }) => {
      const kind = kindOf(words[2]?.split('/')[0] ?? '');
      const shown = words.find((word) => /^(jsonpath|custom-columns)=/.test(word));
      if (kind === undefined || shown === undefined) return [];
      const paths = [...shown.matchAll(/\.(spec|status)((?:\.\w+)+)/g)].map(([, part = '', rest = '']) => [
        part,
        ...rest.slice(1).split('.'),
      ]);
      return paths.map((path) => ({ page, kind, path }));
    });
    expect(printed.length).toBeGreaterThan(5);
    const wrong = printed.filter(
      ({ kind, path: [part, ...path] }) => !hasField(part === 'spec' ? kind.specSchema : kind.statusSchema, path),
    );
    expect(wrong.map(({ page, kind, path }) => `${page}: ${kind.kind} has no ${path.join('.')}`)).toEqual([]);
  });
});

/** Whether a schema has the field; through lists as jsonpath's [*] goes. */
function hasField(schema: z.ZodType, path: readonly string[]): boolean {
  let here: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  for (const name of path) {
    const node = here as { readonly items?: unknown; readonly properties?: Readonly<Record<string, unknown>> };
    const object = (node.items ?? node) as { readonly properties?: Readonly<Record<string, unknown>> };
    here = object.properties?.[name];
    if (here === undefined) return false;
  }
  return true;
}
