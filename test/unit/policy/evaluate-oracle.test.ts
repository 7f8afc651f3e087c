// The evaluator against an independent one: whatever it is sure of, the other says of every single request that the question stands for.
import { runSimulation } from '@cloud-copilot/iam-simulate';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../../src/policy/document.ts';
import { appliesAny, compilePolicy, type PolicyKind, type Question } from '../../../src/policy/evaluate.ts';
import { glob, literal } from '../../../src/policy/patterns.ts';
import type { Truth } from '../../../src/policy/truth.ts';
import { documentOf } from './evaluate-world.ts';

const account = '111111111111';
const analyst = 'arn:aws:iam::111111111111:role/analyst';
const bucket = 'arn:aws:s3:::acme';

/** Keys with the values that a request may have; absent always counts as one more. */
const domain: Readonly<Record<string, readonly (string | readonly string[])[]>> = {
  'aws:SecureTransport': ['true', 'false'],
  'aws:SourceIp': ['203.0.113.10', '10.1.2.3', '2001:db8::1'],
  'aws:SourceVpce': ['vpce-1', 'vpce-2'],
  'aws:PrincipalOrgID': ['o-1', 'o-2'],
  'aws:PrincipalTag/team': ['f', 'Sales'],
  'aws:CalledVia': [['athena.amazonaws.com'], ['athena.amazonaws.com', 'glue.amazonaws.com']],
  'aws:CurrentTime': ['2026-01-01T00:00:00Z', '2027-06-01T00:00:00Z'],
  'aws:MultiFactorAuthAge': ['10', '4000'],
  'aws:PrincipalArn': [analyst],
  'aws:PrincipalAccount': [account],
};
const keyNames = Object.keys(domain);

/** What is known of a key: its value, that it is absent, or nothing. */
type Knowledge = { readonly known: string | readonly string[] | undefined } | 'unknown';
const knowledge: fc.Arbitrary<Readonly<Record<string, Knowledge>>> = fc.record(
  Object.fromEntries(
    Object.entries(domain).map(([key, values]) => [
      key,
      fc.oneof(
        fc.constant<Knowledge>('unknown'),
        fc.constantFrom<Knowledge>({ known: undefined }, ...values.map((known) => ({ known }))),
      ),
    ]),
  ),
);

const texts = [
  'true',
  'o-1',
  'O-1',
  'o-*',
  'vpce-?',
  'f',
  'sales',
  '${aws:PrincipalTag/team}',
  "${aws:PrincipalOrgID, 'o-1'}",
  '${*}',
  analyst,
  '*',
];
const arns = [
  analyst,
  'arn:aws:iam::*:role/*',
  'arn:aws:iam::222222222222:role/analyst',
  'arn:aws:iam::111111111111:role/${aws:PrincipalTag/team}',
];
const textKeys = [
  'aws:PrincipalOrgID',
  'aws:SourceVpce',
  'aws:PrincipalTag/team',
  'AWS:principalarn',
  'aws:CalledVia',
  'aws:PrincipalAccount',
];
const some = <T>(values: readonly T[]): fc.Arbitrary<T | T[]> =>
  fc.oneof(fc.constantFrom(...values), fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }));
const clause = (operators: readonly string[], keys: readonly string[], values: readonly string[]) =>
  fc
    .tuple(fc.constantFrom(...operators), fc.constantFrom('', '', 'IfExists'), fc.constantFrom(...keys), some(values))
    .map(([operator, suffix, key, wanted]) => ({ [`${operator}${suffix}`]: { [key]: wanted } }));
const strings = [
  'StringEquals',
  'StringNotEquals',
  'StringLike',
  'StringNotLike',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
];
const condition = fc.oneof(
  clause(
    strings,
    textKeys.filter((key) => key !== 'aws:CalledVia'),
    texts,
  ),
  clause(
    strings.flatMap((name) => [`ForAllValues:${name}`, `ForAnyValue:${name}`]),
    ['aws:CalledVia'],
    ['athena.amazonaws.com', 'glue.*', '*'],
  ),
  clause(['ArnLike', 'ArnEquals', 'ArnNotLike', 'ArnNotEquals'], ['aws:PrincipalArn'], arns),
  clause(['Bool'], ['aws:SecureTransport'], ['true', 'false']),
  clause(['IpAddress', 'NotIpAddress'], ['aws:SourceIp'], ['203.0.113.0/24', '10.0.0.0/8', '2001:db8::/32', '203.0.113.10/32']),
  clause(
    ['NumericLessThan', 'NumericGreaterThanEquals', 'NumericEquals', 'NumericNotEquals'],
    ['aws:MultiFactorAuthAge'],
    ['10', '3600'],
  ),
  clause(
    ['DateLessThan', 'DateGreaterThan', 'DateEquals', 'DateNotEquals'],
    ['aws:CurrentTime'],
    ['2026-01-01T00:00:00Z', '2026-12-31T00:00:00Z'],
  ),
  fc.tuple(fc.constantFrom(...keyNames), fc.constantFrom('true', 'false')).map(([key, wanted]) => ({ Null: { [key]: wanted } })),
);
const conditions = fc.array(condition, { maxLength: 2 }).map((list) => Object.assign({}, ...list) as JsonObject);
const action = some(['s3:GetObject', 's3:Get*', 's3:*', 's3:PutObject', 's3:getobject', 's3:?etObject', '*']);
const resource = some([
  `${bucket}/*`,
  `${bucket}/f/*`,
  `${bucket}/f/x`,
  `${bucket}/?/x`,
  '*',
  bucket,
  'arn:aws:s3:::*/f/x',
  `${bucket}/\${aws:PrincipalTag/team}/*`,
  'arn:aws:s3:::other/*',
]);
const principal = fc.constantFrom(
  '*',
  { AWS: '*' },
  { AWS: analyst },
  { AWS: account },
  { AWS: `arn:aws:iam::${account}:root` },
  { AWS: 'arn:aws:iam::222222222222:root' },
  { AWS: ['arn:aws:iam::111111111111:role/other', analyst] },
  { AWS: 'arn:aws:iam::111111111111:role/other' },
  { AWS: `arn:aws:sts::${account}:assumed-role/analyst/me` },
  { AWS: `arn:aws:sts::${account}:assumed-role/analyst/you` },
  { Service: 'logging.s3.amazonaws.com' },
);

const statement = (kind: PolicyKind): fc.Arbitrary<JsonObject> =>
  fc
    .record({
      Effect: fc.constantFrom('Allow', 'Deny', 'Deny'),
      action,
      resource,
      conditions,
      principal,
      negated: fc.record({ action: rarely, resource: rarely, principal: rarely }),
    })
    .map(({ Effect, negated, ...parts }) => ({
      Effect,
      [negated.action ? 'NotAction' : 'Action']: parts.action,
      [negated.resource ? 'NotResource' : 'Resource']: parts.resource,
      ...(Object.keys(parts.conditions).length === 0 ? {} : { Condition: parts.conditions }),
      ...(kind === 'identity'
        ? {}
        : { [negated.principal && Effect === 'Deny' ? 'NotPrincipal' : 'Principal']: parts.principal }),
    }));
const rarely = fc.integer({ min: 0, max: 4 }).map((number) => number === 0);

const place = fc.constantFrom(
  { asked: `${bucket}/*`, each: [`${bucket}/f/x`, `${bucket}/g`, `${bucket}/Sales/y`] },
  { asked: `${bucket}/f/*`, each: [`${bucket}/f/x`, `${bucket}/f/y/z`] },
  { asked: `${bucket}/f/x`, each: [`${bucket}/f/x`] },
);

interface Case {
  readonly statements: readonly JsonObject[];
  readonly known: Readonly<Record<string, Knowledge>>;
  readonly place: { readonly asked: string; readonly each: readonly string[] };
  readonly action: string;
  /** Chooses a value for what is not known. */
  readonly pick: readonly number[];
}
const caseOf = (kind: PolicyKind): fc.Arbitrary<Case> =>
  fc.record({
    statements: fc.array(statement(kind), { minLength: 1, maxLength: 3 }),
    known: knowledge,
    place,
    action: fc.constantFrom('s3:GetObject', 's3:PutObject'),
    pick: fc.array(fc.nat(), { minLength: 30, maxLength: 30 }),
  });

function questionOf({ known, place: { asked }, action: name }: Case): Question {
  const lower = new Map(Object.entries(known).map(([key, value]) => [key.toLowerCase(), value]));
  return {
    principal: { arn: analyst, uniqueId: 'AROAANALYSTANALYST11' },
    action: name,
    resource: glob(asked),
    keys: (key) => {
      const value = lower.get(key);
      if (value === undefined || value === 'unknown') return undefined;
      return [(value.known === undefined ? [] : [value.known].flat()).map(literal)];
    },
  };
}

/** Some of the requests that the question stands for: every object, with a session name and values for the unknown keys. */
function requestsOf({
  known,
  place: { each },
  pick,
}: Case): { readonly resource: string; readonly session: string; readonly context: Record<string, string | string[]> }[] {
  return each.map((one, round) => {
    const context = Object.entries(known).flatMap(([key, value], index) => {
      const choices = [undefined, ...(domain[key] ?? [])];
      const chosen =
        value === 'unknown' ? choices[(pick[(round * 10 + index) % pick.length] ?? 0) % choices.length] : value.known;
      return chosen === undefined ? [] : [[key, typeof chosen === 'string' ? chosen : [...chosen]] as const];
    });
    return {
      resource: one,
      session: `arn:aws:sts::${account}:assumed-role/analyst/${round % 2 === 0 ? 'me' : 'you'}`,
      context: Object.fromEntries(context),
    };
  });
}

const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };

async function oracle(
  kind: PolicyKind,
  { statements, action: name }: Case,
  request: ReturnType<typeof requestsOf>[number],
): Promise<string> {
  const policy = { Version: '2012-10-17', Statement: statements };
  const result = await runSimulation(
    {
      request: {
        principal: request.session,
        action: name,
        resource: { resource: request.resource, accountId: account },
        contextVariables: request.context,
      },
      identityPolicies: [{ name: 'everything', policy: everything }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(kind === 'resource' ? { resourcePolicy: policy } : { permissionBoundaryPolicies: [{ name: 'boundary', policy }] }),
    },
    {},
  );
  if (result.resultType === 'error') throw new Error(JSON.stringify(result.errors));
  return result.overallResult;
}

const sure = (truth: Truth): boolean => truth !== 'unknown';

test.each(['resource', 'identity'] as const)(
  'given random %s policies and knowledge, when it is sure, then the other agrees for every request',
  async (kind) => {
    const count = { sure: 0, all: 0 };
    const property = fc.asyncProperty(caseOf(kind), async (one) => {
      const statements = compilePolicy(documentOf(one.statements), kind);
      const denied = appliesAny(statements, 'Deny', questionOf(one));
      const allowed = appliesAny(statements, 'Allow', questionOf(one));
      count.all++;
      if (sure(denied)) count.sure++;
      for (const request of requestsOf(one)) {
        const verdict = await oracle(kind, one, request);
        if (sure(denied)) expect({ denied: verdict === 'ExplicitlyDenied' }).toEqual({ denied });
        if (kind === 'identity' && allowed === false) expect(verdict).not.toBe('Allowed');
        if (kind === 'identity' && allowed === true && denied === false) expect(verdict).toBe('Allowed');
      }
    });
    const seed = Number(process.env['EVALUATE_SEED'] ?? Date.now() & 0x7fffffff);
    process.stdout.write(`evaluator against the oracle (${kind}): seed ${String(seed)}\n`);
    await fc.assert(property, { numRuns: Number(process.env['EVALUATE_RUNS'] ?? 1500), seed });
    // Most questions have an answer: an evaluator that knows nothing would agree with everybody.
    expect(count.sure / count.all).toBeGreaterThan(0.5);
  },
);
