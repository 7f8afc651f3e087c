/** The chart's values, their schema and their table in the README know the same values. What helm makes of them is in test/cluster/chart*.test.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const chart = join(import.meta.dirname, '../../charts/sluice');
const read = (name: string): string => readFileSync(join(chart, name), 'utf8');

interface Schema {
  readonly type?: string;
  readonly $ref?: string;
  readonly additionalProperties?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}

const schema = JSON.parse(read('values.schema.json')) as Schema;

/** Objects that Kubernetes defines: the API server checks what is in them. */
const kubernetesOwn = ['resources', 'affinity'];

/** Paths of the schema's values, down to where the chart's own structure ends. */
function schemaPaths({ properties = {} }: Schema, prefix = ''): string[] {
  return Object.entries(properties).flatMap(([name, value]) => {
    const path = prefix + name;
    return value.properties === undefined || kubernetesOwn.includes(path) ? [path] : schemaPaths(value, `${path}.`);
  });
}

/** helm gives every chart `global`; this one makes nothing of it. */
const paths = schemaPaths(schema).filter((path) => path !== 'global');

const rows = [...read('README.md').matchAll(/^\| `([\w.]+)` \| (.*?) \| (.*?)\|$/gm)].map(([, path = '', preset = '']) => ({
  path,
  preset,
}));
const values = parse(read('values.yaml')) as Readonly<Record<string, unknown>>;
const valueAt = (path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>>)[key], values);

describe('the values of the chart', () => {
  test('are in the README, each in a row of its own and in the same words', () => {
    expect(rows.map(({ path }) => path).toSorted()).toEqual(paths.toSorted());
  });

  test('have a default, which the README says', () => {
    for (const path of paths) expect(valueAt(path), path).toBeDefined();
    for (const { path, preset } of rows) {
      const literal = /^`(.*)`$/.exec(preset)?.[1];
      if (literal !== undefined) expect(parse(literal), path).toEqual(valueAt(path));
    }
  });

  test('are all known to the schema, which refuses others at every level', () => {
    const unknown = (value: unknown, at: Schema, path: string): string[] =>
      at.properties === undefined || typeof value !== 'object' || value === null
        ? []
        : Object.entries(value).flatMap(([key, each]) => {
            const next = at.properties?.[key];
            return next === undefined
              ? [`${path}${key}`]
              : kubernetesOwn.includes(key)
                ? []
                : unknown(each, next, `${path}${key}.`);
          });
    expect(unknown(values, schema, '')).toEqual([]);
    const open = (at: Schema, path: string): string[] =>
      at.properties === undefined
        ? []
        : [
            ...(at.additionalProperties === false ? [] : [path]),
            ...Object.entries(at.properties).flatMap(([key, each]) => open(each, `${path}.${key}`)),
          ];
    expect(open(schema, 'values')).toEqual([]);
  });
});
