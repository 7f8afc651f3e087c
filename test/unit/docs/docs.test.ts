/**
 * Holds README and docs to what they speak of: links lead somewhere, manifests are those of examples/, reasons exist, and the AWS policies are those that the
 * sandbox enforces. Whether a sentence is true is not tested here.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { permissionDocuments } from '../../../scripts/generate/permissions.ts';
import { reasons } from '../../../src/api/index.ts';

const root = join(import.meta.dirname, '../../..');
const pages = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'charts/sluice/README.md', ...markdownIn('docs')];

function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? markdownIn(join(folder, entry.name)) : [join(folder, entry.name)]))
    .filter((path) => path.endsWith('.md') && !path.includes('/parts/'));
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Contents of the fenced blocks of one language. */
function blocks(path: string, language: string): string[] {
  return [...read(path).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1] ?? '');
}

/** Anchors of a page's headings, as GitHub makes them. */
function anchors(path: string): string[] {
  return [...read(path).matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(pages)('%s', (page) => {
  test('each link leads to a file of the repository, and to a heading that is there', () => {
    const links = [
      ...read(page)
        .replaceAll(/^```[\s\S]*?^```/gm, '')
        .matchAll(/\]\(([^)\s]+)\)/g),
    ].map((match) => match[1] ?? '');
    const broken = links
      .filter((link) => !/^(https?|mailto):/.test(link))
      .filter((link) => {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? page : relative(root, join(root, dirname(page), path));
        if (!existsSync(join(root, target))) return true;
        return anchor !== undefined && statSync(join(root, target)).isFile() && !anchors(target).includes(anchor);
      });
    expect(broken).toEqual([]);
  });
});

test('the manifests of the README are those of examples/', () => {
  const examples = ['owner/dataset.yaml', 'requester/consumption-role.yaml', 'requester/request.yaml', 'owner/approval.yaml'];
  expect(blocks('README.md', 'yaml').map((text) => text.trim())).toEqual(
    examples.map((path) => read(join('examples', path)).trim()),
  );
});

test('every block of YAML in docs/guide can be parsed', () => {
  const texts = markdownIn('docs/guide').flatMap((page) => blocks(page, 'yaml'));
  expect(texts.length).toBeGreaterThan(3);
  expect(texts.flatMap((text) => parseAllDocuments(text).flatMap(({ errors }) => errors))).toEqual([]);
  expect(texts.map((text) => parse(text) as unknown)).not.toContain(null);
});

test('the AWS policies of the docs are those that the sandbox enforces', () => {
  expect(blocks('docs/aws-permissions.md', 'json').map((text) => JSON.parse(text) as unknown)).toEqual(permissionDocuments());
});

test('troubleshooting has a row for every reason that somebody has to act on, and for none that does not exist', () => {
  const rows = read('docs/troubleshooting.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map((match) => match[1] ?? ''));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((reason) => !(reason in reasons))).toEqual([]);
  const urgent = Object.entries(reasons).flatMap(([reason, { actor }]) => (actor === 'nobody' ? [] : [reason]));
  expect(urgent.filter((reason) => !named.includes(reason))).toEqual([]);
});
