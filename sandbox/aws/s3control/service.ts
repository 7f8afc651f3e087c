/** S3 Control as a service of the stand-in: access points and an account's block public access. */
import * as client from '@aws-sdk/client-s3-control';
import { s3 } from '../s3/service.ts';
import type { Service } from '../service.ts';
import { loadModel } from '../wire/shape.ts';
import { pointPolicyOperations } from './policies.ts';
import { pointOperations } from './points.ts';

/** S3 Control. It is signed as "s3" too: its versioned path together with its account header tells the two apart. */
export const s3control: Service = {
  ...s3,
  name: 's3control',
  wire: { name: 'restXml', model: loadModel(client), namespace: 'http://awss3control.amazonaws.com/doc/2018-08-20/' },
  bareXml: false,
  operations: { ...pointOperations, ...pointPolicyOperations },
  accepts: (request, scope) =>
    scope?.service === 's3' && request.path.startsWith('/v20180820/') && request.headers['x-amz-account-id'] !== undefined,
  // Paths are the model's own: there is no bucket to find in them.
  address: (_world, request) => ({ path: request.path }),
};
