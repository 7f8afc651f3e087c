/** CRDs as they are generated: complete, bounded, and the same as those checked in. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { generatedFiles, staleFiles } from '../../../scripts/generate.ts';
import { objectSchema } from '../../../scripts/generate/crd.ts';
import type { Structural } from '../../../scripts/generate/structural.ts';
import { structuralSchema } from '../../../scripts/generate/structural.ts';
import { conditionTypes } from '../../../src/api/conditions.ts';
import type { KindDefinition } from '../../../src/api/kind.ts';
import { kinds } from '../../../src/api/kinds.ts';
import { list, text } from '../../../src/api/schema.ts';

const all = (kinds as readonly KindDefinition[]).map((kind): [string, KindDefinition] => [kind.kind, kind]);

/** The schema at a simple path such as .status.conditions[?(@.type=="Ready")].status; undefined where there is none. */
function schemaAt(root: Structural, path: string): Structural | undefined {
  const steps = path
    .replaceAll(/\[\?\([^)]*\)\]/g, '')
    .split('.')
    .filter((step) => step !== '');
  return steps.reduce<Structural | undefined>((at, step) => (at?.items ?? at)?.properties?.[step], root);
}

describe('generated files', () => {
  test('those checked in are what the schemas say: otherwise run "npm run generate"', () => {
    expect(staleFiles(generatedFiles())).toEqual([]);
  });

  test('given a changed file, then the check names it with the first line that differs', () => {
    const files = generatedFiles();
    files.set('docs/reference/reasons.md', 'something else\n');
    expect(staleFiles(files)).toEqual([
      expect.stringMatching(/^docs\/reference\/reasons\.md: first difference in line 1\n {2}- .*\n {2}\+ something else$/),
    ]);
  });
});

describe('structural schemas', () => {
  test.each([
    ['a text without an upper bound', z.strictObject({ a: z.string().describe('a') }), 'a text needs maxLength'],
    ['a list without an upper bound', z.strictObject({ a: z.array(z.boolean()).describe('a') }), 'a list needs maxItems'],
    [
      'a list that says not how it is merged',
      z.strictObject({ a: z.array(z.boolean()).max(3).describe('a') }),
      'a list needs a list type',
    ],
    [
      'a map without an upper bound',
      z.strictObject({ a: z.record(z.string(), z.boolean()).describe('a') }),
      'a map needs maxProperties',
    ],
    ['a field without a description', z.strictObject({ a: z.boolean() }), 'a field needs a description'],
    ['a union', z.strictObject({ a: z.union([text(3, 'a'), z.boolean()]).describe('a') }), "can't say anyOf"],
  ])('given %s, then generation fails and says where', (_, schema, message) => {
    expect(() => structuralSchema(schema)).toThrow(`.a: ${message.replace("can't", "a structural schema can't")}`);
  });

  test('given a list of objects merged by key, then the CRD says so and the keys are required', () => {
    const schema = structuralSchema(
      z.strictObject({ a: list(z.strictObject({ id: text(3, 'id') }), { max: 2, type: ['id'] }, 'a') }),
    );
    expect(schema.properties?.['a']).toMatchObject({
      maxItems: 2,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['id'],
      items: { required: ['id'] },
    });
  });
});

describe.each(all)('%s', (_, kind) => {
  test('a new object has a status that says it was not looked at', () => {
    expect(objectSchema(kind).properties?.['status']?.default).toEqual({ observedGeneration: -1 });
  });

  test('every column shows a field that exists', () => {
    const missing = kind.columns.filter(
      ({ jsonPath }) => !jsonPath.startsWith('.metadata.') && schemaAt(objectSchema(kind), jsonPath) === undefined,
    );
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  test('every rule says in words what to do', () => {
    for (const { message } of kind.validations) expect(message).toMatch(/: .{10,}/);
  });

  test('every condition that it carries is documented', () => {
    for (const type of kind.conditions) expect(conditionTypes[type].meaning.length).toBeGreaterThan(20);
  });
});
