/** The shared cluster that tests get is a real one: what Kubernetes itself does to objects happens in it. */
import { expect, test } from 'vitest';
import { apply, get, kubectl, uniqueNamespace } from '../support/cluster.ts';

test('given two namespaces, when one is deleted, then it is gone and its objects with it', async () => {
  const namespace = await uniqueNamespace();
  await apply([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace } }]);
  await kubectl(['delete', 'namespace', namespace]);
  await expect(get('configmap', 'a', namespace)).rejects.toThrow(/NotFound/);
});
