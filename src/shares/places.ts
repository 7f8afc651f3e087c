/**
 * Where an item of a Dataset is: a bucket, or a folder of one. Pure.
 */
import type { Dataset } from '../api/index.ts';

/** The place of an item. */
export interface ItemPlace {
  readonly bucket: string;
  /** Of a folder: what its keys begin with, without the slash at the end. */
  readonly prefix?: string;
}

/** Where the Dataset says that the item is; undefined where it lists no such item. */
export function placeOf(dataset: Dataset, item: { readonly type: string; readonly name: string }): ItemPlace | undefined {
  switch (item.type) {
    case 'Bucket': {
      const found = dataset.spec.buckets.find(({ name }) => name === item.name);
      return found === undefined ? undefined : { bucket: found.name };
    }
    case 'Folder': {
      const found = dataset.spec.folders.find(({ name }) => name === item.name);
      return found === undefined ? undefined : { bucket: found.bucket, prefix: found.prefix };
    }
    default:
      return undefined;
  }
}
