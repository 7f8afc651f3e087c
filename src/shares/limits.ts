/** What a Dataset asks of requests: how many from one namespace (`sharing.limits`), and for how long (`sharing.expiration`). Pure. Older requests keep their place; what is shared already is never touched. */
import { durationMs, type Dataset, type ShareRequest } from '../api/index.ts';
import { timeOf } from './approval.ts';
import type { Problem } from './preconditions.ts';

/** Why the request is one too many for its namespace; undefined where it isn't. `siblings`: all requests of its namespace on the Dataset. */
export function limitProblem(dataset: Dataset, request: ShareRequest, siblings: readonly ShareRequest[]): Problem | undefined {
  const { requestsPerNamespace: requests, principalsPerNamespace: principals } = dataset.spec.sharing.limits;
  if (requests === undefined && principals === undefined) return undefined;
  const ordered = siblings.filter((each) => each.metadata.deletionTimestamp === undefined).toSorted(byAge);
  const place = ordered.findIndex((each) => each.metadata.uid === request.metadata.uid);
  if (requests !== undefined && place >= requests) return limitReached(`${String(requests)} request${requests === 1 ? '' : 's'}`);
  const names = [...new Set(ordered.map((each) => each.spec.principal.name))];
  if (principals !== undefined && names.indexOf(request.spec.principal.name) >= principals)
    return limitReached(`${String(principals)} principal${principals === 1 ? '' : 's'}`);
  return undefined;
}

/** Why the request's end is not what the Dataset asks for; undefined where it is. Its length counts from when it was made. */
export function expirationProblem(dataset: Dataset, request: ShareRequest): Problem | undefined {
  const { required, min } = dataset.spec.sharing.expiration;
  const { expireTime, expiresAfter } = request.spec;
  if (expireTime === undefined && expiresAfter === undefined) {
    return required
      ? {
          reason: 'ExpirationRequired',
          message: 'the owner wants every share of this dataset to have an end: set spec.expireTime or spec.expiresAfter',
        }
      : undefined;
  }
  const asked =
    expiresAfter === undefined
      ? (timeOf(expireTime) ?? 0) - (timeOf(request.metadata.creationTimestamp) ?? 0)
      : durationMs(expiresAfter);
  if (min === undefined || asked >= durationMs(min)) return undefined;
  return { reason: 'ExpirationOutOfRange', message: `the owner shares this dataset for at least ${min}: ask for a later end` };
}

function limitReached(what: string): Problem {
  return {
    reason: 'LimitReached',
    message: `the owner allows ${what} of one namespace on this dataset, and older ones have the places: delete one that is not needed, or ask the owner for more`,
  };
}

function byAge(left: ShareRequest, right: ShareRequest): number {
  const rank = ({ metadata }: ShareRequest): string => `${metadata.creationTimestamp ?? ''}/${metadata.name}`;
  return rank(left) < rank(right) ? -1 : 1;
}
