/**
 * The reads of IAM that more than one file needs: lists over all their pages, and policy documents in plain text.
 */
import { GetPolicyVersionCommand } from '@aws-sdk/client-iam';
import type { TargetContext } from './context.ts';

/** One page of a list; `marker` asks for the next. */
export interface Page<Item> {
  readonly items: readonly Item[] | undefined;
  readonly marker: string | undefined;
}

/** All pages of a list. */
export async function allPages<Item>(read: (marker: { readonly Marker?: string }) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  let marker: string | undefined;
  do {
    const page: Page<Item> = await read(marker === undefined ? {} : { Marker: marker });
    items.push(...(page.items ?? []));
    marker = page.marker;
  } while (marker !== undefined);
  return items;
}

/** The content of a version of a managed policy, which never changes, and whether it is the one in force. */
export async function readVersion(
  { iam, signal }: TargetContext,
  arn: string,
  version: string,
): Promise<{ readonly text: string; readonly isDefault: boolean }> {
  const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: version }), {
    abortSignal: signal,
  });
  return { text: decoded(PolicyVersion?.Document), isDefault: PolicyVersion?.IsDefaultVersion === true };
}

/**
 * IAM returns documents URL-encoded (IAM API Reference, GetPolicyVersion, GetRolePolicy). A text that is not well encoded is taken as it is: it is no document of
 * ours, and shows up as such.
 */
export function decoded(document: string | undefined): string {
  try {
    return decodeURIComponent(document ?? '');
  } catch {
    return document ?? '';
  }
}
