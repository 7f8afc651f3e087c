/** The S3 Control client of a custom endpoint: AWS's own rules would put the account before the endpoint's host. */
import { CreateAccessPointCommand, DeleteAccessPointCommand, GetAccessPointCommand } from '@aws-sdk/client-s3-control';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAws, listenAws, type AwsServer } from '../../../sandbox/aws/index.ts';
import { createClients, type AwsCall } from '../../../src/aws/clients.ts';
import { createRateLimiter } from '../../../src/aws/limiter.ts';
import { bucket, place, pointArn } from './access-points.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { producer } from './world.ts';

const clock = createVirtualClock();
const aws = createAws({ clock });
let server: AwsServer;
beforeEach(async () => void (server = await listenAws(aws, { port: 0 })));
afterEach(() => server.close());

describe('S3 Control at a custom endpoint', () => {
  it('is reached by the address alone, in the account that is asked for, and its calls are limited and watched like all others', async () => {
    aws.seed.bucket(producer, bucket);
    const calls: AwsCall[] = [];
    const taken: string[] = [];
    const limiter = createRateLimiter(clock);
    const { s3control } = createClients(
      { accountId: producer, region: 'eu-west-1' },
      () => Promise.resolve({ accessKeyId: producer, secretAccessKey: 'not-verified' }),
      {
        endpoint: server.url,
        limiter: {
          ...limiter,
          take: (call) => {
            taken.push(call.service);
            return limiter.take(call);
          },
        },
        onCall: (call) => calls.push(call),
      },
    );
    await s3control.send(new CreateAccessPointCommand({ ...place, Bucket: bucket }));
    expect((await s3control.send(new GetAccessPointCommand(place))).AccessPointArn).toBe(pointArn);
    await s3control.send(new DeleteAccessPointCommand(place));
    await expect(s3control.send(new GetAccessPointCommand(place))).rejects.toMatchObject({ name: 'NoSuchAccessPoint' });
    expect(calls.map(({ service, operation, code }) => `${service} ${operation} ${code}`)).toEqual([
      'S3 Control CreateAccessPoint OK',
      'S3 Control GetAccessPoint OK',
      'S3 Control DeleteAccessPoint OK',
      'S3 Control GetAccessPoint NoSuchAccessPoint',
    ]);
    expect(taken).toEqual(calls.map(({ service }) => service));
  });
});
