/**
 * Every name that Sluice makes up, in one place. Names are injective: each ends in a hash of the full identity, the readable part is decoration.
 */
import { nameHash } from '../policy/name-hash.ts';

/** What a ShareItem is named after. */
export interface ItemIdentity {
  readonly namespace: string;
  readonly request: string;
  readonly requestUid: string;
  readonly type: string;
  readonly name: string;
}

/** `<request>-<type>-<name>` made DNS-safe and cut to 54, then `-<hash8>`: at most 63 characters, so that it fits a label too. */
export function shareItemName(identity: ItemIdentity): string {
  const readable = dnsSafe(`${identity.request}-${identity.type}-${identity.name}`, 54);
  return `${readable}-${nameHash(8, identity.namespace, identity.requestUid, identity.type, identity.name)}`;
}

/** The ReceivedShare of a request, in the Dataset's namespace, where requests of many namespaces meet. */
export function receivedShareName(request: { readonly namespace: string; readonly name: string }): string {
  return `${dnsSafe(`${request.namespace}-${request.name}`, 54)}-${nameHash(8, request.namespace, request.name)}`;
}

/**
 * The ShareApproval that `kubectl share` writes for a request, in the Dataset's namespace. Approving and rejecting are two objects, so that a rejection of some items
 * leaves the approval of the others alone.
 */
export function shareApprovalName(
  decision: 'Approved' | 'Rejected',
  request: { readonly namespace: string; readonly name: string },
): string {
  const readable = dnsSafe(`${decision}-${request.namespace}-${request.name}`, 54);
  return `${readable}-${nameHash(8, decision, request.namespace, request.name)}`;
}

/** Installation id from the UID of the operator's namespace: 8 characters of [a-z0-9], the same whenever it is asked. */
export function installationFromUid(namespaceUid: string): string {
  return nameHash(8, 'installation', namespaceUid);
}

/** Lower case letters, digits and single `-` within: at most `length` characters of `text`, or `fallback` where nothing of it is left. Different texts may become one. */
export function dnsSafe(text: string, length: number, fallback = 'share'): string {
  const safe = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, length);
  return safe.replace(/-+$/, '') || fallback;
}
