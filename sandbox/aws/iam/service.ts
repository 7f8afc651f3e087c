/** IAM as a service of the stand-in: roles, users, managed and inline policies, boundaries. No groups, no providers, no AWS managed policies. */
import * as client from '@aws-sdk/client-iam';
import type { Service } from '../service.ts';
import { loadModel } from '../wire/shape.ts';
import { bindingOperations } from './attachments.ts';
import { policyOperations } from './policies.ts';
import { roleOperations, userOperations } from './roles.ts';

/** IAM. */
export const iam: Service = {
  name: 'iam',
  wire: { name: 'awsQuery', model: loadModel(client), namespace: 'https://iam.amazonaws.com/doc/2010-05-08/' },
  bareXml: false,
  operations: { ...roleOperations, ...userOperations, ...policyOperations, ...bindingOperations },
  accepts: (_request, scope) => scope?.service === 'iam',
  denied: { code: 'AccessDenied', status: 403 },
  throttled: { code: 'Throttling', message: 'Rate exceeded', status: 400 },
  expired: { code: 'ExpiredToken', message: 'The security token included in the request is expired', status: 403 },
  unknownKey: { code: 'InvalidClientTokenId', message: 'The security token included in the request is invalid.', status: 403 },
  conflict: {
    code: 'ConcurrentModification',
    message: 'The request was rejected because multiple requests to change this object were submitted simultaneously.',
    status: 409,
  },
};
