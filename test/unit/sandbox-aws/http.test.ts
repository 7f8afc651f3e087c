// The stand-in behind HTTP: addresses, chunked bodies, checksums, anonymous readers, broken connections and control routes.
import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { GetBucketLocationCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAws, listenAws, type Aws, type AwsServer } from '../../../sandbox/aws/index.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const account = '111111111111';
const off = { BlockPublicAcls: false, IgnorePublicAcls: false, BlockPublicPolicy: false, RestrictPublicBuckets: false };
const scope = `AWS4-HMAC-SHA256 Credential=${account}/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0`;

let aws: Aws;
let server: AwsServer;
let s3: S3Client;

beforeEach(async () => {
  aws = createAws({ clock: createVirtualClock() });
  server = await listenAws(aws, { port: 0 });
  s3 = new S3Client({
    endpoint: server.url,
    region: 'eu-west-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: account, secretAccessKey: 'x' },
  });
  aws.seed.bucket(account, 'prod');
});

afterEach(async () => {
  s3.destroy();
  await server.close();
});

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Record<string, unknown>;
}

const call = (
  method: string,
  path: string,
  options: { headers?: Record<string, string>; body?: string | Uint8Array } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest(
      { port: server.port, host: '127.0.0.1', method, path, headers: options.headers ?? {} },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString('latin1'),
            headers: response.headers,
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(options.body);
  });

test('given a stream, when it is put, then its chunks are joined and its checksum is checked and kept', async () => {
  const Body = Readable.from([Buffer.from('hel'), Buffer.from('lo')]);
  await s3.send(new PutObjectCommand({ Bucket: 'prod', Key: 'k', Body, ContentLength: 5, ChecksumAlgorithm: 'CRC64NVME' }));
  const read = await s3.send(new GetObjectCommand({ Bucket: 'prod', Key: 'k', ChecksumMode: 'ENABLED' }));
  expect(read.ChecksumCRC64NVME).toBeDefined();
  expect(await read.Body?.transformToString()).toBe('hello');
});

test('given a wrong checksum, when an object is put, then it is refused', async () => {
  const headers = { authorization: scope, 'x-amz-checksum-crc32': 'AAAAAA==' };
  const { status, body } = await call('PUT', '/prod/k', { headers, body: 'hello' });
  expect(status).toBe(400);
  expect(body).toContain('<Code>BadDigest</Code>');
});

test('given a bucket in the host of AWS’s own form, when it is addressed, then its object is found', async () => {
  aws.seed.object('prod', 'a b', 'hello');
  for (const host of ['prod.s3.eu-west-1.amazonaws.com', 'prod.s3.amazonaws.com', 'prod.localhost']) {
    const { status, body } = await call('GET', '/a%20b', { headers: { host, authorization: scope } });
    expect([status, body]).toEqual([200, 'hello']);
  }
});

test('given a range, when an object is read, then only that part is sent', async () => {
  aws.seed.object('prod', 'k', 'hello');
  const part = await call('GET', '/prod/k', { headers: { authorization: scope, range: 'bytes=1-3' } });
  expect(part).toMatchObject({ status: 206, body: 'ell', headers: { 'content-range': 'bytes 1-3/5' } });
  expect((await call('GET', '/prod/k', { headers: { authorization: scope, range: 'bytes=9-' } })).status).toBe(416);
});

test('given a public bucket, when anybody reads it unsigned, then it is there, and a private one is not', async () => {
  const Statement = [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::open/*' }];
  aws.seed.bucket(account, 'open', { publicAccessBlock: off, policy: { Version: '2012-10-17', Statement } });
  aws.seed.object('open', 'k', 'hello');
  aws.seed.object('prod', 'k', 'secret');
  expect(await call('GET', '/open/k')).toMatchObject({ status: 200, body: 'hello' });
  expect((await call('GET', '/prod/k')).status).toBe(403);
});

test('given the location of a bucket, when it is read, then the document is the bare element that other SDKs expect', async () => {
  const { body } = await call('GET', '/prod?location', { headers: { authorization: scope } });
  expect(body).toContain('<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1</LocationConstraint>');
  expect((await s3.send(new GetBucketLocationCommand({ Bucket: 'prod' }))).LocationConstraint).toBe('eu-west-1');
});

test('given a lost reply, when the object is put over HTTP, then the connection breaks and the object is there', async () => {
  aws.faults.add({ kind: 'lose-reply', times: 1 });
  await expect(s3.send(new PutObjectCommand({ Bucket: 'prod', Key: 'k', Body: 'hello' }))).rejects.toMatchObject({
    code: 'ECONNRESET',
  });
  const read = await s3.send(new GetObjectCommand({ Bucket: 'prod', Key: 'k' }));
  expect(await read.Body?.transformToString()).toBe('hello');
});

test('given the control routes, when they are used, then calls, faults, clock, snapshot and reset answer', async () => {
  await call('GET', '/prod?location', { headers: { authorization: scope } });
  expect(JSON.parse((await call('GET', '/_sandbox/calls')).body)).toMatchObject({
    counts: { 's3:GetBucketLocation': 1 },
    calls: [{ operation: 'GetBucketLocation' }],
  });
  const fault = { kind: 'throttle', times: 1, match: { service: 's3' } };
  await call('POST', '/_sandbox/faults', { body: JSON.stringify(fault) });
  expect((await call('GET', '/prod?location', { headers: { authorization: scope } })).status).toBe(503);
  expect((await call('POST', '/_sandbox/faults', { body: '{"kind":"magic"}' })).status).toBe(400);
  expect(JSON.parse((await call('POST', '/_sandbox/clock', { body: '{"advanceMs":60000}' })).body)).toEqual({
    now: '2026-01-01T00:01:00.000Z',
  });
  const snapshot = await call('GET', '/_sandbox/snapshot');
  await call('POST', '/_sandbox/reset');
  expect((await call('GET', '/prod?location', { headers: { authorization: scope } })).status).toBe(404);
  await call('POST', '/_sandbox/snapshot', { body: Buffer.from(snapshot.body, 'latin1') });
  expect((await call('GET', '/prod?location', { headers: { authorization: scope } })).status).toBe(200);
  expect((await call('GET', '/_sandbox/nothing')).status).toBe(404);
});
