/**
 * Who signed a request, for which Region and service: read from the SigV4 credential scope. Signatures are NOT verified (there are no
 * secrets here to verify them with); the access key id alone says who calls.
 * Source: IAM User Guide, reference_sigv-signing-elements.
 */
import { queryValue, type WireRequest } from './http.ts';

/** The credential scope of a signed request. */
export interface CredentialScope {
  readonly accessKeyId: string;
  /** Empty where the signature does not name one (presigned URLs of signature version 2). */
  readonly region: string;
  readonly service: string;
  readonly sessionToken?: string;
}

/** Reads the scope from the Authorization header or a presigned query; undefined for an unsigned request. */
export function credentialScope(request: WireRequest): CredentialScope | undefined {
  const header = request.headers['authorization'];
  const credential = header ? /Credential=([^,\s]+)/.exec(header)?.[1] : queryValue(request, 'X-Amz-Credential');
  if (!credential) return versionTwo(request);
  const parts = credential.split('/');
  const [service, region] = [parts.at(-2), parts.at(-3)];
  const accessKeyId = parts.slice(0, -4).join('/');
  if (!service || !region || accessKeyId === '') return undefined;
  const sessionToken = request.headers['x-amz-security-token'] ?? queryValue(request, 'X-Amz-Security-Token');
  // SigV4A signs for a set of Regions and leaves the Region out of the scope; it is not spoken here.
  return { accessKeyId, region, service, ...(sessionToken ? { sessionToken } : {}) };
}

// Presigned URLs of some clients are still signed by version 2, which knows no scope; only S3 takes them.
function versionTwo(request: WireRequest): CredentialScope | undefined {
  const accessKeyId = queryValue(request, 'AWSAccessKeyId');
  return accessKeyId === undefined ? undefined : { accessKeyId, region: '', service: 's3' };
}
