/** What STS remembers: the sessions it has given keys for. */

/** A session of an assumed role. */
export interface Session {
  readonly accessKeyId: string;
  readonly account: string;
  readonly roleName: string;
  /** Unique id of the role when the session was made: a deleted role's sessions work no more. */
  readonly roleId: string;
  readonly sessionName: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Inline session policies, if any: they limit, they never grant. */
  readonly policies: readonly string[];
}

/** STS of all accounts. */
export interface StsState {
  /** By access key id. */
  sessions: Map<string, Session>;
}

/** STS without any session. */
export const emptySts = (): StsState => ({ sessions: new Map() });
