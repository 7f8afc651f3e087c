/** What S3 Control remembers: access points. */
import type { PublicAccessBlock } from '../s3/model.ts';
import type { Changing } from '../stale.ts';

/** An access point. */
export interface AccessPoint {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly arn: string;
  readonly alias: string;
  readonly bucket: string;
  readonly bucketAccount: string;
  readonly createdAt: number;
  readonly vpcId?: string;
  /** Fixed at creation (S3 User Guide, access-points-bpa-settings). */
  readonly publicAccessBlock: PublicAccessBlock;
  policy: Changing<string | null>;
}

/** Access points of all accounts and Regions. */
export interface AccessPointState {
  /** By ARN. */
  points: Map<string, AccessPoint>;
  /** Alias → ARN. */
  aliases: Map<string, string>;
  /** Block public access of whole accounts. */
  accountBlocks: Map<string, PublicAccessBlock>;
}

/** S3 Control without any access point. */
export const emptyAccessPoints = (): AccessPointState => ({ points: new Map(), aliases: new Map(), accountBlocks: new Map() });
