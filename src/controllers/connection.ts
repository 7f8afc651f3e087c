/**
 * How a share is read, for whoever has received it: a bucket by its name, a folder through its access point.
 */
import type { ResolvedShare, ShareItemStatus } from '../api/index.ts';
import { folderOf } from '../shares/folder-grants.ts';
import type { Memory } from './memory.ts';

/** Characters that a shell takes as they are. */
const plain = /^[\w./:@%+=,-]+$/;

/** How to read it. S3 makes up the alias of an access point, so it is known from the first read-back on; what was `shown` of it stands until it is read again. */
export function connectionOf(
  { memory }: { readonly memory: Pick<Memory, 'pointAliases'> },
  entry: ResolvedShare,
  shown?: ShareItemStatus['connection'],
): NonNullable<ShareItemStatus['connection']> {
  const { region } = entry.environment;
  const folder = folderOf(entry);
  if (folder === undefined)
    return { s3Uri: `s3://${entry.bucket}/`, region, example: `aws s3 ls s3://${entry.bucket}/ --region ${region}` };
  const before = shown?.accessPointArn === folder.pointArn ? shown.accessPointAlias : undefined;
  const alias = entry.targets.map((target) => memory.pointAliases.get(target)).find((each) => each !== undefined) ?? before;
  return {
    s3Uri: `s3://${alias ?? folder.pointArn}/${folder.prefix}/`,
    accessPointArn: folder.pointArn,
    ...(alias === undefined ? {} : { accessPointAlias: alias }),
    region,
    example: `aws s3 ls ${quoted(`s3://${folder.pointArn}/${folder.prefix}/`)} --region ${region}`,
  };
}

function quoted(text: string): string {
  return plain.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
