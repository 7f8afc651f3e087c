/** What IAM remembers. Plain data; the rules are in the operations. */
import type { Changing } from '../stale.ts';

/** A tag set, by key. */
export type Tags = Map<string, string>;

/** What roles and users have in common. */
export interface IamPrincipal {
  readonly kind: 'role' | 'user';
  readonly account: string;
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  /** AROA… or AIDA…: never used again after the principal is deleted. */
  readonly id: string;
  readonly createdAt: number;
  tags: Tags;
  /** ARNs of attached managed policies, in order of attachment. */
  attached: Changing<readonly string[]>;
  /** Inline policies: name → document. */
  inline: Map<string, string>;
  boundary?: string;
}

/** A role. */
export interface IamRole extends IamPrincipal {
  readonly kind: 'role';
  description?: string;
  maxSessionSeconds: number;
  /** Trust policy as written, and with principals replaced by their unique ids. */
  trust: Changing<string>;
}

/** A user. */
export interface IamUser extends IamPrincipal {
  readonly kind: 'user';
  accessKeys: { id: string; secret: string; createdAt: number; active: boolean }[];
}

/** One version of a managed policy. */
export interface PolicyVersionState {
  readonly id: string;
  readonly document: string;
  readonly createdAt: number;
}

/** The versions of a managed policy and which of them counts. */
export interface PolicyContent {
  readonly versions: readonly PolicyVersionState[];
  readonly defaultVersion: string;
}

/** A customer managed policy. */
export interface IamPolicy {
  readonly account: string;
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  readonly id: string;
  readonly createdAt: number;
  updatedAt: number;
  description?: string;
  tags: Tags;
  content: Changing<PolicyContent>;
  nextVersion: number;
  /** Unique ids of the roles and users that it is attached to, and of those that it bounds. */
  attachedTo: Set<string>;
  bounds: Set<string>;
}

/** One account's IAM. */
export interface IamAccount {
  roles: Map<string, IamRole>;
  users: Map<string, IamUser>;
  /** By ARN. */
  policies: Map<string, IamPolicy>;
  /** "role/name" in lower case: names are unique without regard to case, and whatever the path. */
  names: Set<string>;
}

/** IAM of all accounts. */
export interface IamState {
  accounts: Map<string, IamAccount>;
  /** Live roles and users by unique id. */
  byId: Map<string, { kind: 'role' | 'user'; account: string; name: string }>;
  /** Access key id → user. */
  keys: Map<string, { account: string; user: string }>;
}

/** IAM without anything. */
export const emptyIam = (): IamState => ({ accounts: new Map(), byId: new Map(), keys: new Map() });

/** An account's IAM, made on first use: accounts need no registration here. */
export function iamAccount(state: IamState, account: string): IamAccount {
  let found = state.accounts.get(account);
  if (!found) {
    found = { roles: new Map(), users: new Map(), policies: new Map(), names: new Set() };
    state.accounts.set(account, found);
  }
  return found;
}
