/**
 * The installation id: the name of this operator in AWS. Given as a setting, else derived once from the UID of the operator's namespace and kept in a
 * ConfigMap, so that a restored cluster keeps it as long as the ConfigMap is restored too.
 */
import type { Client } from './kube/client.ts';
import { isAlreadyExists, isNotFound } from './kube/errors.ts';
import type { KubeObject } from './kube/object.ts';
import type { ResourceType } from './kube/resource.ts';
import { installationFromUid } from './shares/names.ts';

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

const configMaps: ResourceType<ConfigMap> = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};
const namespaces: ResourceType = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };
const configMapName = 'sluice-installation';

/** The installation id of this operator. Throws when it was set to something else than what the ConfigMap remembers. */
export async function findInstallation(client: Client, namespace: string, given: string | undefined): Promise<string> {
  const kept = await read(client, namespace);
  if (given !== undefined && kept !== undefined && given !== kept) {
    throw new Error(
      `--installation is ${given}, but ConfigMap ${namespace}/${configMapName} says ${kept}: everything in AWS carries ${kept}. Set --installation=${kept}, or delete the ConfigMap if you mean to start anew and leave what is there behind`,
    );
  }
  if (kept !== undefined) return kept;
  const installation = given ?? installationFromUid((await client.get(namespaces, { name: namespace })).metadata.uid ?? '');
  return keep(client, namespace, installation);
}

async function read(client: Client, namespace: string): Promise<string | undefined> {
  try {
    return (await client.get(configMaps, { name: configMapName, namespace })).data?.['installation'];
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Two replicas may start at once: the first one's answer counts. */
async function keep(client: Client, namespace: string, installation: string): Promise<string> {
  const object = { metadata: { name: configMapName, namespace }, spec: undefined, data: { installation } };
  try {
    await client.create(configMaps, object);
    return installation;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const kept = await read(client, namespace);
    return kept ?? installation;
  }
}
