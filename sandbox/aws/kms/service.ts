/** KMS as a service of the stand-in: symmetric keys, their policies and aliases. No grants, no key material. */
import * as client from '@aws-sdk/client-kms';
import type { Service } from '../service.ts';
import { loadModel } from '../wire/shape.ts';
import { aliasOperations } from './aliases.ts';
import { cryptoOperations } from './crypto.ts';
import { keyOperations } from './keys.ts';

/** KMS. */
export const kms: Service = {
  name: 'kms',
  wire: { name: 'awsJson1.1', model: loadModel(client) },
  bareXml: false,
  operations: { ...keyOperations, ...aliasOperations, ...cryptoOperations },
  accepts: (_request, scope) => scope?.service === 'kms',
  denied: { code: 'AccessDeniedException', status: 400 },
  throttled: { code: 'ThrottlingException', message: 'Rate exceeded', status: 400 },
  expired: { code: 'ExpiredTokenException', message: 'The security token included in the request is expired', status: 400 },
  unknownKey: {
    code: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.',
    status: 400,
  },
  conflict: { code: 'ConflictException', message: 'The request conflicts with another one that is in progress.', status: 400 },
};
