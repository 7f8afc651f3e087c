/** S3 as a service of the stand-in. */
import * as client from '@aws-sdk/client-s3';
import type { Service } from '../service.ts';
import { loadModel } from '../wire/shape.ts';
import { addressOf } from './address.ts';
import { bucketOperations } from './buckets.ts';
import { unchunk } from './chunked.ts';
import { configurationOperations } from './configuration.ts';
import { listOperations } from './list.ts';
import { multipartOperations } from './multipart.ts';
import { objectOperations } from './objects.ts';

/** S3. Unsigned requests are S3's too: it is the only service here with anonymous callers. */
export const s3: Service = {
  name: 's3',
  wire: { name: 'restXml', model: loadModel(client), namespace: 'http://s3.amazonaws.com/doc/2006-03-01/' },
  bareXml: true,
  operations: { ...bucketOperations, ...configurationOperations, ...objectOperations, ...listOperations, ...multipartOperations },
  accepts: (request, scope) => (scope ? scope.service === 's3' : !request.path.startsWith('/_')),
  prepare: unchunk,
  address: addressOf,
  denied: { code: 'AccessDenied', status: 403 },
  throttled: { code: 'SlowDown', message: 'Please reduce your request rate.', status: 503 },
  expired: { code: 'ExpiredToken', message: 'The provided token has expired.', status: 400 },
  unknownKey: {
    code: 'InvalidAccessKeyId',
    message: 'The AWS Access Key Id you provided does not exist in our records.',
    status: 403,
  },
  conflict: {
    code: 'OperationAborted',
    message: 'A conflicting conditional operation is currently in progress against this resource. Please try again.',
    status: 409,
  },
};
