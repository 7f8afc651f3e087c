/** Writing custom resources in tests of the API as those who may. For tests of who may do what: admission-users.ts. */
import { operatorNamespace } from '../../sandbox/cluster/chart.ts';
import type { KindDefinition } from '../../src/api/kind.ts';
import { kinds } from '../../src/api/kinds.ts';
import { apply, kubectl } from '../support/cluster.ts';
import type { Manifest } from '../unit/api/objects.ts';

/** The operator, as the chart installs it. */
export const operator = `system:serviceaccount:${operatorNamespace}:sluice`;
/** All kinds. */
export const definitions = kinds as readonly KindDefinition[];
/** Plural of a kind, as kubectl takes it. */
export const plural = (kind: string): string => definitions.find((candidate) => candidate.kind === kind)?.plural ?? kind;

/** Writes an object as whoever may: the operator its own two kinds, the administrator the rest. */
export async function write(object: Manifest): Promise<string> {
  const own = object.kind === 'ShareItem' || object.kind === 'ReceivedShare';
  return apply([object], own ? { as: operator } : {});
}

/** Writes status as the operator does. */
export async function writeStatus(object: Manifest, status: object): Promise<string> {
  const { apiVersion, kind, metadata } = object;
  const input = JSON.stringify({ apiVersion, kind, metadata, status });
  const args = ['apply', '--server-side', '--subresource=status', '--field-manager=sluice-status', '--filename', '-'];
  return kubectl(args, { input, as: operator });
}
