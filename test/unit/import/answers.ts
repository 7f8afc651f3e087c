/** Answers of data.all's GraphQL API for tests: complete, and changed where a test says so. */
import type { DataAllDataset, DataAllItem, DataAllShare } from '../../../src/cli/import/export.ts';

/** A bucket of the dataset. */
export function aBucketItem(status = 'Share_Succeeded', name = 'acme-orders'): DataAllItem {
  return {
    itemUri: `b-${name}`,
    itemType: 'S3Bucket',
    itemName: name,
    status,
    healthStatus: 'Healthy',
    healthMessage: undefined,
  };
}

/** The folder raw-2026, which is in aDataset. */
export function aFolderItem(status = 'Share_Succeeded'): DataAllItem {
  return { ...aBucketItem(status), itemUri: 'f7n3v6qa', itemType: 'DatasetStorageLocation', itemName: 'raw-2026' };
}

/** A list as data.all pages it. */
export function pageOf<T>(...nodes: readonly T[]): { count: number; page: number; pages: number; nodes: T[] } {
  return { count: nodes.length, page: 1, pages: 1, nodes: [...nodes] };
}

/** A share that is whole. */
export type WholeShare = DataAllShare & {
  readonly principal: NonNullable<DataAllShare['principal']>;
  readonly dataset: NonNullable<DataAllShare['dataset']>;
};

/** A share of the bucket acme-orders with the role analysts of another account. */
export function aShare(change: Partial<DataAllShare> = {}, ...items: readonly DataAllItem[]): WholeShare {
  const whole: WholeShare = {
    shareUri: 'a1b2c3d4',
    status: 'Processed',
    owner: 'anna',
    requestPurpose: 'Weekly revenue report',
    expiryDate: undefined,
    requestedExpiryDate: undefined,
    nonExpirable: true,
    permissions: ['Read'],
    policyManagement: 'Fully-Managed',
    principal: {
      principalName: 'analysts [arn:aws:iam::444455556666:role/analysts]',
      principalType: 'ConsumptionRole',
      principalId: 'q2w3e4r5',
      principalRoleName: 'analysts',
      SamlGroupName: 'Analytics',
      environmentName: 'analytics',
    },
    dataset: {
      datasetUri: '5lkw2p4x',
      datasetName: 'orders',
      SamlAdminGroupName: 'Sales',
      environmentName: 'sales',
      AwsAccountId: '111122223333',
      region: 'eu-west-1',
      exists: true,
      description: undefined,
    },
    environment: { environmentUri: 'h2xm9t5k', resourcePrefix: 'dataall', region: 'eu-west-1' },
    items: pageOf(...(items.length === 0 ? [aBucketItem()] : items)),
  };
  // What a test takes away it does not look at.
  return { ...whole, ...change } as WholeShare;
}

/** The dataset of aShare: imported, encrypted with S3's own key, with one folder. */
export function aDataset(change: Partial<DataAllDataset> = {}): DataAllDataset {
  return {
    datasetUri: '5lkw2p4x',
    label: 'Orders',
    description: 'All orders',
    stewards: 'Sales',
    confidentiality: 'Official',
    autoApprovalEnabled: false,
    enableExpiration: false,
    imported: true,
    restricted: { S3BucketName: 'acme-orders', KmsAlias: 'SSE-S3', importedKmsKey: false },
    locations: pageOf({ locationUri: 'f7n3v6qa', name: 'raw-2026', S3Prefix: 'raw/2026/' }),
    ...change,
  };
}
