/**
 * Principals of resource policies. AWS keeps the unique id of a role or user that a policy names, not its ARN, and shows the ARN again on
 * reading while that principal lives; after its deletion the id itself shows, and a role made again under the same name is another
 * principal. (IAM User Guide, reference_policies_elements_principal#principal-roles.) So stored documents here name ids.
 */
import { iamAccount } from '../iam/model.ts';
import type { World } from '../service.ts';

/** A principal that AWS would refuse; `value` is what the policy said. */
export class UnknownPrincipal extends Error {
  readonly value: string;
  constructor(value: string) {
    super(`Invalid principal in policy: ${value}`);
    this.value = value;
  }
}

/** A policy document as parsed JSON; only what is looked at here. */
export interface PrincipalDocument {
  Statement?: unknown;
}

const ROLE_OR_USER = /^arn:aws(?:-cn|-us-gov)?:iam::(\d{12}):(role|user)(\/.*)$/;
const SESSION = /^arn:aws(?:-cn|-us-gov)?:sts::(\d{12}):assumed-role\/([^/*?]+)\/([^/*?]+)$/;
const FEDERATED = /^arn:aws(?:-cn|-us-gov)?:sts::(\d{12}):federated-user\/[^*?]+$/;
const ROOT = /^arn:aws(?:-cn|-us-gov)?:iam::(\d{12}):root$/;
const SERVICE = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)$/;

/** Whether a text has the form of a role's or user's unique id. */
export const isUniqueId = (text: string): boolean => /^A(ROA|IDA)[A-Z0-9]{12,}$/.test(text);

/**
 * Replaces role and user ARNs by unique ids and accounts by their root ARN.
 * @throws UnknownPrincipal when a principal does not exist, is not visible yet, is a dead unique id or has a wildcard in it
 */
export function storePrincipals(world: World, document: PrincipalDocument): PrincipalDocument {
  return mapPrincipals(document, (kind, value) => (kind === 'AWS' ? storedPrincipal(world, value) : checked(kind, value)));
}

/** The reverse, for reading: ids of living principals become their ARNs, dead ids stay. */
export function showPrincipals(world: World, stored: string): string {
  if (!stored.includes('"A')) return stored;
  return JSON.stringify(
    mapPrincipals(JSON.parse(stored) as PrincipalDocument, (kind, value) =>
      kind === 'AWS' ? shownPrincipal(world, value) : value,
    ),
  );
}

function mapPrincipals(document: PrincipalDocument, map: (kind: string, value: string) => string): PrincipalDocument {
  const one = (statement: unknown): unknown => {
    if (typeof statement !== 'object' || statement === null) return statement;
    const out: Record<string, unknown> = { ...statement };
    for (const key of ['Principal', 'NotPrincipal']) if (key in out) out[key] = mapElement(out[key], map);
    return out;
  };
  const { Statement } = document;
  return { ...document, Statement: Array.isArray(Statement) ? Statement.map(one) : one(Statement) };
}

function mapElement(element: unknown, map: (kind: string, value: string) => string): unknown {
  if (typeof element !== 'object' || element === null) return element;
  const entries = Object.entries(element).map(([kind, values]) => [
    kind,
    Array.isArray(values) ? values.map((value) => map(kind, String(value))) : map(kind, String(values)),
  ]);
  return Object.fromEntries(entries);
}

function checked(kind: string, value: string): string {
  if (kind === 'Service' && !SERVICE.test(value)) throw new UnknownPrincipal(value);
  return value;
}

function storedPrincipal(world: World, value: string): string {
  if (value === '*') return value;
  if (/^\d{12}$/.test(value)) return `arn:aws:iam::${value}:root`;
  if (ROOT.test(value) || FEDERATED.test(value)) return value;
  if (isUniqueId(value)) {
    if (!world.state.iam.byId.has(value)) throw new UnknownPrincipal(value);
    return value;
  }
  const session = SESSION.exec(value);
  if (session) {
    if (!iamAccount(world.state.iam, session[1] ?? '').roles.has(session[2] ?? '')) throw new UnknownPrincipal(value);
    return value;
  }
  return visibleId(world, value);
}

// A principal made a moment ago is refused like one that does not exist (IAM User Guide, troubleshoot: "Changes that I make are not
// always immediately visible").
function visibleId(world: World, arn: string): string {
  const found = principalByArn(world, arn);
  if (!found || world.clock.now() - found.createdAt < world.settings.principalVisibilityMs) throw new UnknownPrincipal(arn);
  return found.id;
}

/** The living role or user of an ARN: path and name must both be right. */
export function principalByArn(world: World, arn: string): { id: string; createdAt: number } | undefined {
  const match = ROLE_OR_USER.exec(arn);
  if (!match) return undefined;
  const [, account = '', kind, path = ''] = match;
  const iam = world.state.iam.accounts.get(account);
  const name = path.slice(path.lastIndexOf('/') + 1);
  const found = kind === 'role' ? iam?.roles.get(name) : iam?.users.get(name);
  return found?.arn === arn ? found : undefined;
}

function shownPrincipal(world: World, value: string): string {
  const live = isUniqueId(value) ? world.state.iam.byId.get(value) : undefined;
  if (!live) return value;
  const iam = iamAccount(world.state.iam, live.account);
  return (live.kind === 'role' ? iam.roles.get(live.name)?.arn : iam.users.get(live.name)?.arn) ?? value;
}
