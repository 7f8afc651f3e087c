/** An object that is too large for etcd can't even report it: the greatest object of each kind is held below 512 KiB. */
import { beforeAll, describe, expect, test } from 'vitest';
import { objectSchema } from '../../scripts/generate/crd.ts';
import type { KindDefinition } from '../../src/api/kind.ts';
import { installChart, kubectl, uniqueNamespace } from '../support/cluster.ts';
import type { Manifest } from '../unit/api/objects.ts';
import { manifest } from '../unit/api/objects.ts';
import { greatest } from './api-greatest.ts';
import { definitions, plural, write, writeStatus } from './api-writers.ts';

let namespace: string;

beforeAll(async () => {
  await installChart();
  namespace = await uniqueNamespace('sizes');
});

describe('the greatest object', () => {
  // etcd refuses 1.5 MiB; a third of it leaves room for texts in other alphabets.
  const limit = 512 * 1024;

  test.each(definitions.map((definition): [string, KindDefinition] => [definition.kind, definition]))(
    'of kind %s, every list full, is taken by the API server and stays below 512 KiB',
    async (kind, definition) => {
      const { spec, status } = objectSchema(definition).properties ?? {};
      if (spec === undefined || status === undefined) throw new Error('no schema');
      const name = kind === 'Environment' ? `${namespace}-greatest` : 'greatest';
      const place = kind === 'Environment' ? {} : { namespace };
      const object = {
        ...manifest('Dataset', name, {}),
        kind,
        metadata: { name, ...place },
        spec: greatest(spec, 'spec', 0, kind),
      } as Manifest;
      await write(object);
      await writeStatus(object, greatest(status, 'status', 0, kind) as object);
      const scope = kind === 'Environment' ? [] : ['--namespace', namespace];
      const stored = await kubectl(['get', plural(kind), name, '--output', 'json', '--show-managed-fields', ...scope]);
      const size = Buffer.byteLength(JSON.stringify(JSON.parse(stored)));
      expect(size).toBeGreaterThan(1000);
      expect(size).toBeLessThan(limit);
      await kubectl(['delete', plural(kind), name, ...scope]);
    },
  );
});
