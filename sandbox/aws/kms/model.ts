/** What KMS remembers: keys with their policies, aliases. There is no cryptography: a ciphertext is a labelled envelope. */
import type { Changing } from '../stale.ts';

/** A key. */
export interface KmsKey {
  readonly id: string;
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly createdAt: number;
  description: string;
  state: 'Enabled' | 'Disabled' | 'PendingDeletion';
  deletionAt?: number;
  /** AWS: an AWS managed key, whose policy nobody can change. */
  readonly manager: 'CUSTOMER' | 'AWS';
  readonly spec: string;
  readonly usage: string;
  rotation: boolean;
  policy: Changing<string>;
  tags: Map<string, string>;
}

/** KMS of all accounts and Regions. */
export interface KmsState {
  /** By ARN. */
  keys: Map<string, KmsKey>;
  /** Alias ARN → key ARN and time of creation. */
  aliases: Map<string, { keyArn: string; createdAt: number }>;
}

/** KMS without any key. */
export const emptyKms = (): KmsState => ({ keys: new Map(), aliases: new Map() });
