/** Whether S3 takes a policy for public (S3 User Guide, access-control-block-public-access#access-control-block-public-access-policy-status). */
import { parseDocument, textsOf } from './documents.ts';

/** Keys whose fixed values make a grant to everybody non-public. The guide's list, and keys of the principal itself. */
const FIXING = new Set([
  'aws:sourcearn',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:sourceowner',
  'aws:sourceaccount',
  'aws:userid',
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalorgid',
  'aws:principalorgpaths',
  's3:dataaccesspointarn',
  's3:dataaccesspointaccount',
]);

/** Whether a policy grants anything to the public. In access point policies s3:DataAccessPointArn fixes nothing. */
export function isPublicPolicy(text: string, kind: 'bucket' | 'accesspoint'): boolean {
  return (parseDocument(text)?.statements ?? []).some(
    (statement) => statement['Effect'] === 'Allow' && isPublicGrant(statement, kind),
  );
}

function isPublicGrant(statement: Record<string, unknown>, kind: 'bucket' | 'accesspoint'): boolean {
  if (statement['NotPrincipal'] === undefined && !namesEverybody(statement['Principal'])) return false;
  for (const [operator, keys] of Object.entries((statement['Condition'] ?? {}) as Record<string, Record<string, unknown>>)) {
    for (const [key, values] of Object.entries(keys))
      if (fixes(operator.toLowerCase(), key.toLowerCase(), textsOf(values), kind)) return false;
  }
  return true;
}

const namesEverybody = (principal: unknown): boolean =>
  principal === '*' ||
  (typeof principal === 'object' && principal !== null && textsOf((principal as Record<string, unknown>)['AWS']).includes('*'));

function fixes(operator: string, key: string, values: readonly string[], kind: 'bucket' | 'accesspoint'): boolean {
  const plain = operator.replace(/^foranyvalue:/, '');
  if (key === 'aws:sourceip') return plain === 'ipaddress' && values.every(isNarrow);
  if (!/^(string(equals|like|equalsignorecase)|arn(equals|like))$/.test(plain) || !FIXING.has(key)) return false;
  if (key === 's3:dataaccesspointarn') return kind === 'bucket' && values.every(hasFixedAccount);
  return values.every((value) => !/[*?]|\$\{/.test(value) || (key === 'aws:userid' && /^AROA[A-Z0-9]+:\*$/.test(value)));
}

const hasFixedAccount = (arn: string): boolean => /^\d{12}$/.test(arn.split(':')[4] ?? '');

// Broader than /8 (IPv4) or /32 (IPv6) counts as public.
function isNarrow(range: string): boolean {
  const [address = '', bits] = range.split('/');
  return bits === undefined || Number(bits) >= (address.includes(':') ? 32 : 8);
}
