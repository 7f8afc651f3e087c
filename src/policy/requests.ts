/**
 * The requests that a grant is made for, as questions to other people's policies: what is certain of them, and nothing more. Keys that depend on how, whence or
 * when somebody calls are unknown. Sources: IAM user guide, reference_policies_condition-keys.md; S3 user guide, access-points-policies.md; KMS developer guide,
 * conditions-kms.md.
 */
import { isJsonObject, textsOf, type JsonObject } from './document.ts';
import type { Question } from './evaluate.ts';
import { accountOf, nameOf, type AskedPrincipal } from './evaluate-principals.ts';
import { glob, literal, type KnownKeys, type Pattern } from './patterns.ts';

/** What a grant gives: the body of a statement of ours. */
export interface Given {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition?: JsonObject;
}

/** Where it is given. */
export interface RequestPlace {
  /** Account of the bucket, access point or key; undefined: not known, unless the grant's condition says it. */
  readonly account?: string;
  readonly region?: string;
  /** In a key's policy `*` means that key: its ARN. Undefined elsewhere. */
  readonly self?: string;
}

/** Requests for one resource, by whoever it may be; {@link askedBy} says by whom. */
export interface Requests {
  readonly actions: readonly string[];
  readonly resource: Pattern;
  readonly keys: KnownKeys;
}

type Known = ReadonlyMap<string, readonly (readonly Pattern[])[]>;

const absent: readonly (readonly Pattern[])[] = [[]];
const only = (text: string): readonly (readonly Pattern[])[] => [[literal(text)]];

/** The requests for each resource, with the actions that AWS applies to it. */
export function requestsOf(given: Given, place: RequestPlace): Requests[] {
  const conditions = keysOfCondition(given.condition);
  return given.resources.map((resource) => {
    const known = new Map([...placeKeys(resource, place), ...conditions]);
    const arn = resource === '*' ? (place.self ?? resource) : resource;
    const actions = given.actions.filter((action) => isApplicable(action, arn)).map(plainAction);
    return { actions, resource: glob(arn), keys: (key) => known.get(key) };
  });
}

/** What is known of requests when this principal makes them. */
export function askedBy(principal: AskedPrincipal): (keys: KnownKeys) => Pick<Question, 'principal' | 'keys'> {
  const known = principalKeys(principal);
  return (keys) => ({ principal, keys: (key) => keys(key) ?? known.get(key) });
}

/** S3 acts on buckets and on objects: an action on the wrong one is none (docs/AmazonS3/latest/userguide/using-with-s3-policy-actions.md). */
function isApplicable(action: string, arn: string): boolean {
  if (!action.toLowerCase().startsWith('s3:')) return true;
  const path = arn.split(':').slice(5).join(':');
  const isObject = path.startsWith('accesspoint/') ? path.includes('/object/') : path.includes('/');
  return isObject !== /^s3:(get|list|put|delete)bucket/i.test(action);
}

/** Of a family of actions S3 calls the one with the shortest name: kms:GenerateDataKey (docs/AmazonS3/latest/userguide/UsingKMSEncryption.md). */
function plainAction(action: string): string {
  return action.replace(/\*$/, '');
}

function placeKeys(resource: string, { account, region }: RequestPlace): Known {
  const common: readonly (readonly [string, readonly (readonly Pattern[])[]])[] = [
    // A request without TLS would be another one: nobody has to make it.
    ['aws:securetransport', only('true')],
    ...(account === undefined ? [] : [['aws:resourceaccount', only(account)] as const]),
    ...(region === undefined ? [] : [['aws:requestedregion', only(region)] as const]),
    ['aws:principalisawsservice', only('false')],
    ['aws:principalservicename', absent],
    ['aws:principalservicenameslist', absent],
  ];
  const point = /^arn:[^:]+:s3:[^:]*:(\d{12}):accesspoint\/[^/]+/.exec(resource);
  if (point !== null) {
    return new Map([...common, ['s3:dataaccesspointarn', only(point[0])], ['s3:dataaccesspointaccount', only(point[1] ?? '')]]);
  }
  // On a bucket itself; where an access point is delegated to, the grant's condition says through which.
  if (!/^arn:[^:]+:s3:/.test(resource)) return new Map(common);
  const unset = [
    's3:dataaccesspointarn',
    's3:dataaccesspointaccount',
    's3:accesspointnetworkorigin',
    'aws:sourcearn',
    'aws:sourceaccount',
  ];
  return new Map([...common, ...unset.map((key) => [key, absent] as const)]);
}

/** A request that a grant is for meets the grant's own condition: that says what it carries. */
function keysOfCondition(condition: JsonObject | undefined): Known {
  const known = new Map<string, readonly (readonly Pattern[])[]>();
  for (const [operator, keys] of Object.entries(condition ?? {})) {
    const read = readers.get(operator);
    if (read === undefined || !isJsonObject(keys)) continue;
    for (const [key, values] of Object.entries(keys)) {
      known.set(
        key.toLowerCase(),
        textsOf(values).map((value) => [read(value)]),
      );
    }
  }
  return known;
}

const readers: ReadonlyMap<string, (text: string) => Pattern> = new Map([
  ['StringEquals', literal],
  ['StringLike', glob],
  ['ArnEquals', glob],
  ['ArnLike', glob],
]);

/** docs/IAM/latest/UserGuide/reference_policies_variables.md, "Principal key values". Tags may be the session's: unknown. */
function principalKeys(principal: AskedPrincipal): Known {
  const { kind, name } = nameOf(principal);
  const common = [
    ['aws:principalarn', only(principal.arn)],
    ['aws:principalaccount', only(accountOf(principal))],
    ['kms:calleraccount', only(accountOf(principal))],
  ] as const;
  return kind === 'user'
    ? new Map([
        ...common,
        ['aws:principaltype', only('User')],
        ['aws:userid', only(principal.uniqueId)],
        ['aws:username', only(name)],
      ])
    : new Map([
        ...common,
        ['aws:principaltype', only('AssumedRole')],
        ['aws:userid', [[glob(`${principal.uniqueId}:*`)]]],
        ['aws:username', absent],
      ]);
}
